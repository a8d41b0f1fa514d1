import torch

from studio_server.engines.eight_bits import EightBits, squeeze


def linear(bias=True):
    torch.manual_seed(0)
    return torch.nn.Linear(64, 32, bias=bias).requires_grad_(requires_grad=False)


def test_it_says_nearly_the_same_forwards_and_backwards():
    exact, seen = linear(), torch.randn(2, 5, 64, requires_grad=True)
    small, again = EightBits(exact), seen.detach().clone().requires_grad_()
    exact(seen).sum().backward()
    small(again).sum().backward()
    assert torch.allclose(exact(seen), small(again), atol=0.02)
    assert torch.allclose(seen.grad, again.grad, atol=0.02)


def test_it_takes_a_quarter_of_the_memory_of_full_precision():
    small = EightBits(linear(bias=False))
    assert small.weight.dtype is torch.int8
    assert sum(part.nbytes for part in small.buffers()) < 0.3 * linear(bias=False).weight.nbytes
    assert not list(small.parameters())


def test_backward_keeps_the_8_bits_and_nothing_larger():
    kept = []
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one) or one, lambda one: one)
    with hooks:
        EightBits(linear())(torch.randn(1, 64, requires_grad=True))
    assert {one.dtype for one in kept if one.numel() == 64 * 32} == {torch.int8}


def test_what_is_learnt_keeps_its_precision_and_twice_is_fine():
    house = torch.nn.Sequential(linear(), torch.nn.Linear(32, 32))
    squeeze(house)
    squeeze(house)
    assert [type(part) for part in house] == [EightBits, torch.nn.Linear]


def test_a_row_of_nothing_stays_nothing():
    flat = linear(bias=False)
    flat.weight[3] = 0
    assert EightBits(flat)(torch.ones(1, 64))[0, 3] == 0
