"""What every representation must pass."""

from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, ProductElement
from symmeter.symmetry.representations.representation import Representation, Value

# `meta` holds shapes only, but refuses to be mixed with tensors of another device, on every machine.
DEVICES = ["meta", "cuda"] if torch.cuda.is_available() else ["meta"]


class RepresentationContract:
    """Inherit this, give `representation`, `elements` and `example`, and every test below runs on yours.

    `elements` are some that the representation knows, the identity among them. On them it must act exactly, so on a grid
    take those that the grid carries, such as quarter turns. `example` is a batch of at least two, in float64: a tensor,
    or a tuple or dict of them.

    Give `generators` where there are any; then `act` is compared with `differentiate` too. Say with the other attributes
    what does not hold for yours, and why.
    """

    representation: Representation
    elements: Sequence[Element]
    example: Value
    generators: Sequence[Generator] = ()

    linear = True  # False for an affine action, as on pixel values that have an offset
    affine = True  # False for an action that is not even that, as on orientations
    keeps_shape = True  # False where the moved value has another shape, as a window of a larger image
    batch_axis = 0  # the axis on which the items of the batch are, one after the other
    items: int | None = (
        None  # how many items the batch has; None for as many as there are entries on its axis
    )
    tolerance = 1e-9  # of values of size 1
    step = 1e-5  # of the difference quotient, whose error is of the order of its square
    slope_tolerance = 1e-6

    def test_the_identity_leaves_values_alone(self) -> None:
        self._need_same_shape()
        identity = self.elements[0] @ self.elements[0].inverse()
        assert identity.is_identity
        for same in (identity, *[generator.exp(0.0) for generator in self.generators]):
            self.check_close(self.moved(same), self.example)

    def test_products_act_one_after_the_other(self) -> None:
        """act(g h, x) = act(g, act(h, x)), for all elements that have a product."""
        self._need_same_shape()
        compared = 0
        for g in self.elements:
            for h in self.elements:
                try:
                    product = g @ h
                except ValueError:
                    continue
                self.check_close(self.moved(product), self.moved(g, self.moved(h)))
                compared += 1
        assert compared >= len(self.elements)

    def test_inverses_undo(self) -> None:
        self._need_same_shape()
        for g in self.elements:
            self.check_close(self.moved(g.inverse(), self.moved(g)), self.example)

    def test_parts_of_an_element_of_a_product_act_one_after_the_other(self) -> None:
        g = self.elements[-1]
        value, mask = self.representation.act(ProductElement((g,)), self.example)
        alone, mask_alone = self.representation.act(g, self.example)
        self.check_close(value, alone)
        self.check_close(mask, mask_alone)

    def test_the_action_is_linear(self) -> None:
        self._need_affine()
        other = self.like_example(1)
        mixed = pytree.tree_map(lambda a, b: 0.75 * a + 0.25 * b, self.example, other)
        for g in self.elements:
            expected = pytree.tree_map(lambda a, b: 0.75 * a + 0.25 * b, self.moved(g), self.moved(g, other))
            self.check_close(self.moved(g, mixed), expected)
            if self.linear:
                zero = pytree.tree_map(torch.zeros_like, self.example)
                self.check_close(self.moved(g, zero), pytree.tree_map(torch.zeros_like, self.moved(g)))

    def test_one_element_gives_the_same_alone_and_among_others(self) -> None:
        action = self.representation.action(self.example)
        found = [action(g) for g in (*self.elements, *reversed(self.elements))][-len(self.elements) :]
        for g, among in zip(reversed(self.elements), found, strict=True):
            for one, other in zip(self.representation.act(g, self.example), among, strict=True):
                assert all(torch.equal(a, b) for a, b in self._leaves(one, other))

    def test_items_of_a_batch_do_not_mix(self) -> None:
        for g in self.elements:
            moved = self.moved(g)
            for i in (0, self._count() - 1):
                self.check_close(self.moved(g, self.item(self.example, i)), self.item(moved, i))

    def test_inputs_are_not_changed(self) -> None:
        before = pytree.tree_map(torch.clone, self.example)
        for g in self.elements:
            self.moved(g)
        if self.generators:
            self.representation.differentiate_all(self.generators, self.example)
        assert all(torch.equal(a, b) for a, b in self._leaves(self.example, before))

    def test_masks_are_between_0_and_1_and_broadcast_and_know_nothing_of_the_values(self) -> None:
        for g in self.elements:
            moved, mask = self.representation.act(g, self.example)
            _, again = self.representation.act(g, self.like_example(2))
            for value, valid in self._leaves(moved, mask):
                assert torch.broadcast_shapes(valid.shape, value.shape) == value.shape
                assert valid.dtype == value.dtype
                assert bool((valid >= 0).all()) and bool((valid <= 1).all())
            self.check_close(again, mask)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_the_dtype_is_that_of_the_value(self, dtype: torch.dtype) -> None:
        x = pytree.tree_map(lambda leaf: leaf.to(dtype), self.example)
        for g in self.elements:
            for leaf, exact in self._leaves(self.moved(g, x), self.moved(g)):
                assert leaf.dtype == dtype
                torch.testing.assert_close(leaf.double(), exact, atol=1e-4, rtol=1e-4)
        for tangent in self.representation.differentiate_all(self.generators, x) if self.generators else []:
            assert all(leaf.dtype == dtype for leaf in pytree.tree_leaves(tangent))

    @pytest.mark.parametrize("device", DEVICES)
    def test_the_device_is_that_of_the_value(self, device: str) -> None:
        x = pytree.tree_map(lambda leaf: leaf.to(device), self.example)
        for g in self.elements:
            for part, expected in zip(
                self.representation.act(g, x), self.representation.act(g, self.example), strict=True
            ):
                self._check_on(device, part, expected)
        if self.generators:
            tangents = self.representation.differentiate_all(self.generators, x)
            self._check_on(
                device, tangents, self.representation.differentiate_all(self.generators, self.example)
            )

    def test_the_derivative_is_the_slope_of_the_action(self) -> None:
        """X x = d/dt act(exp(tX), x) at t = 0, by a central difference."""
        self._need_generators()
        for generator in self.generators:
            ahead = self.moved(generator.exp(self.step))
            behind = self.moved(generator.exp(-self.step))
            slope = pytree.tree_map(lambda a, b: (a - b) / (2 * self.step), ahead, behind)
            exact = self.representation.differentiate(generator, self.example)
            self.check_close(slope, exact, self.slope_tolerance)

    def test_derivatives_are_linear_and_the_same_alone_and_among_others(self) -> None:
        self._need_generators()
        self._need_affine()
        other = self.like_example(3)
        mixed = pytree.tree_map(lambda a, b: 2 * a - b, self.example, other)
        tangents = self.representation.differentiate_all(self.generators, self.example)
        assert len(tangents) == len(self.generators)
        for generator, tangent in zip(self.generators, tangents, strict=True):
            self.check_close(self.representation.differentiate(generator, self.example), tangent)
            of_other = self.representation.differentiate(generator, other)
            if self.linear:
                expected = pytree.tree_map(lambda a, b: 2 * a - b, tangent, of_other)
                self.check_close(self.representation.differentiate(generator, mixed), expected)

    def test_pairings_are_inner_products_with_the_derivative(self) -> None:
        """<w, X x> as a `pairing` computes it, by whatever short cut, for a covector w."""
        self._need_generators()
        if not isinstance(self.example, Tensor):
            pytest.skip("pairings are of single tensors")
        w = self.like_example(4)
        found = self.representation.pairing(self.example)(self.generators, w)
        assert found.dtype == torch.float64 and found.shape == (len(self.generators), self._count())
        for generator, row in zip(self.generators, found, strict=True):
            products = w * self.representation.differentiate(generator, self.example)
            expected = torch.stack([self.item(products, i).sum() for i in range(self._count())])
            self.check_close(row, expected, 1e-8)

    def test_what_stands_in_for_another_sample_is_its_own(self) -> None:
        """A control of stability that moves all samples alike would find every network as unstable as its error."""
        self._need_generators()
        x = self.like_example(5)
        changes = self.representation.changes(self.generators, x)
        tangents = self.representation.differentiate_all(self.generators, x)
        for own, change in zip(tangents, changes, strict=True):
            for a, b in self._leaves(change, own):
                assert a.shape == b.shape
                first, second = (self.item(a, i) for i in (0, 1))
                assert not b.any() or not torch.equal(first, second)

    def test_channels_are_on_an_axis_of_the_value(self) -> None:
        axis = self.representation.channel_axis
        assert axis is None or (isinstance(self.example, Tensor) and self.example.shape[axis] > 0)

    def test_a_border_broadcasts_and_marks_what_it_leaves(self) -> None:
        border = self.representation.border(self.example)
        if border is not None:
            assert torch.broadcast_shapes(border.shape, self.example.shape) == self.example.shape
            assert set(border.unique().tolist()) <= {0.0, 1.0}

    def test_it_is_described_in_a_few_words(self) -> None:
        words = self.representation.describe()
        assert words and "\n" not in words and len(words) < 200

    # what the tests are made of

    def moved(self, element: Element, x: Value = None) -> Value:
        """rho(g) x, of the example where no x is given."""
        value, _ = self.representation.act(element, self.example if x is None else x)
        return value

    def like_example(self, seed: int) -> Value:
        """Random values of the structure of the example."""
        random = torch.Generator().manual_seed(seed)
        return pytree.tree_map(
            lambda leaf: torch.randn(leaf.shape, generator=random, dtype=leaf.dtype), self.example
        )

    def item(self, value: Value, i: int) -> Value:
        """One item of a batch, as a batch of one."""
        return pytree.tree_map(lambda leaf: leaf.chunk(self._count(), self.batch_axis)[i], value)

    def check_close(self, found: Value, expected: Value, tolerance: float | None = None) -> None:
        """Both have the same structure, and entries that differ by no more than what their size makes of a tolerance."""
        tolerance = self.tolerance if tolerance is None else tolerance
        for a, b in self._leaves(found, expected):
            assert a.shape == b.shape
            size = max(1.0, float(b.abs().max())) if b.numel() else 1.0
            torch.testing.assert_close(a, b, atol=tolerance * size, rtol=0)

    def _count(self) -> int:
        if self.items is not None:
            return self.items
        return pytree.tree_leaves(self.example)[0].shape[self.batch_axis]

    def _need_same_shape(self) -> None:
        if not self.keeps_shape:
            pytest.skip("moved values have another shape, so nothing can be moved twice")

    def _need_affine(self) -> None:
        if not self.affine:
            pytest.skip("the action is not affine")

    def _need_generators(self) -> None:
        if not self.generators:
            pytest.skip("no generators were given")

    @staticmethod
    def _leaves(found: Value, expected: Value) -> Iterator[tuple[Tensor, Tensor]]:
        one, form = pytree.tree_flatten(found)
        other, expected_form = pytree.tree_flatten(expected)
        assert form == expected_form
        return zip(one, other, strict=True)

    def _check_on(self, device: str, found: Value, expected: Value) -> None:
        for leaf, exact in self._leaves(found, expected):
            assert leaf.device.type == device and leaf.shape == exact.shape
            if device != "meta":
                self.check_close(leaf.cpu(), exact, 1e-6)
