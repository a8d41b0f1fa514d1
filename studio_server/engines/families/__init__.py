"""What differs between the architectures of bases, behind one interface (`interface.Architecture`)."""
