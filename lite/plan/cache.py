"""The plans of one model, by the shapes of its inputs."""
from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from lite.model import Model
from lite.plan.network import resolve
from lite.plan.plan import Plan, Resources, build_plan

if TYPE_CHECKING:
    from lite.plan.program import Program

Shapes = tuple[tuple[int, ...], ...]


class PlanCache:
    """Builds plans, and keeps the few that were used last, since each has an arena of its own."""

    def __init__(self, model: Model, resources: Resources, kept: int = 4) -> None:
        self._model = model
        self._resources = resources
        self._kept = kept
        self._plans: OrderedDict[Shapes, Plan | Program] = OrderedDict()

    def at(self, shapes: Shapes) -> Plan | Program:
        """The plan for inputs of these static shapes; a Program where shapes or control flow depend on the data.

        Raises what resolve, build_plan and Program raise.
        """
        plan = self._plans.get(shapes)
        if plan is None:
            while len(self._plans) >= self._kept:  # before the new arena is allocated, not after
                self._plans.popitem(last=False)
            network = resolve(self._model, shapes, self._resources.memory_limit)
            if network is None:
                from lite.plan.program import Program  # few models need one

                plan = Program(self._model, shapes, self._resources)
            else:
                plan = build_plan(network, self._resources)
            self._plans[shapes] = plan
        self._plans.move_to_end(shapes)
        return plan

    def keep_only(self, plan: Plan | Program | None) -> None:
        """Release all plans but this one."""
        self._plans = OrderedDict((shapes, kept) for shapes, kept in self._plans.items() if kept is plan)
