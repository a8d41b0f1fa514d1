"""Measurements: ratios against named baselines in the same run, and errors against known truth."""
