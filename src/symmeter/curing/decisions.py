"""Over which finite motions the consistency of decisions is measured, where an error is along generators."""

from symmeter.measuring.plan import Plan

_SCORES = ("softmax", "logits")


def decision_groups(plan: Plan) -> dict[str, str]:
    """By symmetry, the group that should not change which class has the largest score; nothing without classes."""
    finite = plan.domain.finite
    if str(plan.outputs[0]) not in _SCORES or not finite:
        return {}
    along = {generator.name: finite.get(generator.name, "") for generator in plan.symmetry.generators}
    over = {group.name: group.name for group in plan.symmetry.groups}
    return {name: group for name, group in (along | over).items() if group}
