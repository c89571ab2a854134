"""Poses of points: equivariant, differentiable, and refused where there are no points."""

import pytest
import torch
from tests.curing.remedies.whole_networks import clouds
from tests.helpers import check_refused

from symmeter.autodiff.forward_rules import load_tables
from symmeter.curing.principal_axes import Centroid, Pose, PrincipalAxes, points_of
from symmeter.domains.space.components import Positions, Vectors
from symmeter.domains.space.field import NODE, Field
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.symmetry.representations.trivial import Trivial


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_poses_of_what_is_turned_are_turned(mirrored):
    """As sets where the signs are free, one by one where they are chosen."""
    x, random = clouds(), torch.Generator().manual_seed(0)
    for _ in range(4):
        g = Orthogonal(mirrored).draw(random).rotation
        for signed, count in ((True, 1), (False, 8 if mirrored else 4)):
            axes = PrincipalAxes(mirrored, signed)
            before, after = axes.of(x), axes.of(x @ g.mT + 5)
            assert len(before) == len(after) == count
            for i in range(len(x)):
                turned = [g @ pose.motions[i].rotation for pose in before]
                found = [pose.motions[i].rotation for pose in after]
                for one in turned:
                    assert min(float((one - other).abs().max()) for other in found) < 1e-9


def test_they_are_orthogonal_and_know_their_hand():
    for axes in (
        PrincipalAxes(),
        PrincipalAxes(mirrored=True),
        PrincipalAxes(True, True),
        PrincipalAxes(signed=True),
    ):
        hands = []
        for pose in axes.of(clouds()):
            for motion in pose.motions:
                R = motion.rotation
                assert torch.allclose(R @ R.mT, torch.eye(3).double())
                assert float(torch.linalg.det(R)) == pytest.approx(float(motion.parity))
                hands.append(float(motion.parity))
                assert torch.allclose(motion.inverse().rotation @ R, torch.eye(3).double())
        assert -1 not in hands or axes.mirrored


def test_the_longest_axis_comes_first():
    x = clouds()
    (pose,) = PrincipalAxes(signed=True).of(x)
    turned = pose.inverse().act(Field(Positions(), NODE), x)
    spread = turned.var(1)
    assert (spread[:, 0] > spread[:, 1]).all() and (spread[:, 1] > spread[:, 2]).all()


def test_derivatives_follow_the_points():
    """Along a rotation the points in their pose do not move at all."""
    load_tables()
    x, rho = clouds(), Field(Positions(), NODE)
    spin = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]).double()
    for poses, v in ((PrincipalAxes(), x @ spin.mT), (Centroid(), torch.ones_like(x))):
        f = lambda z, poses=poses: torch.stack([pose.inverse().act(rho, z) for pose in poses.of(z)])
        value, tangent = torch.func.jvp(f, (x,), (v,))
        assert value.abs().max() > 1 and tangent.abs().max() < 1e-10
        _, other = torch.func.jvp(f, (x,), (x.roll(1, 1),))
        assert other.abs().max() > 0.1


def test_poses_have_no_product_and_no_points_have_no_pose():
    (pose,) = Centroid().of(clouds())
    with pytest.raises(ValueError, match="share no group"):
        pose @ pose
    assert isinstance(pose.inverse(), Pose) and not pose.is_identity
    check_refused("say which are with inputs", points_of, Field(Vectors(), NODE), clouds())
    check_refused("say which are with inputs", points_of, Trivial(), clouds())
    check_refused("say which are with inputs", points_of, Field(Positions(), NODE), clouds()[..., :2])
