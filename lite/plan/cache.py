"""The plans of one model, by the shapes of its inputs."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from lite.plan.plan import Plan

if TYPE_CHECKING:
    from lite.model import Model
    from lite.plan.build import Resources
    from lite.plan.program import Program
    from lite.types import TensorSpec

Shapes = tuple[tuple[int, ...], ...]


class PlanCache:
    """Builds plans, and keeps the few that were used last, since each has an arena of its own.

    What plans are built with is imported when the first is: a session whose plan was kept by an earlier process may
    never need it, nor its model.
    """

    def __init__(self, model: Callable[[], Model], resources: Callable[[], Resources], kept: int = 4) -> None:
        """model, resources: give what plans are made from; each is called once at most."""
        self._read = model
        self._allot = resources
        self._model: Model | None = None
        self._resources: Resources | None = None
        self._kept = kept
        self._plans: OrderedDict[Shapes, Plan | Program] = OrderedDict()

    @property
    def model(self) -> Model:
        """The model. Raises what reading it raises."""
        if self._model is None:
            self._model = self._read()
        return self._model

    @property
    def resources(self) -> Resources:
        """What all plans have in common."""
        if self._resources is None:
            self._resources = self._allot()
        return self._resources

    def at(self, shapes: Shapes) -> Plan | Program:
        """The plan for inputs of these static shapes; a Program where shapes or control flow depend on the data.

        Raises what resolve, build_plan and Program raise.
        """
        plan = self._plans.get(shapes)
        if plan is None:
            from lite.plan.build import build_plan
            from lite.plan.network import resolve

            while len(self._plans) >= self._kept:  # before the new arena is allocated, not after
                self._plans.popitem(last=False)
            network = resolve(self.model, shapes, self.resources.memory_limit)
            if network is None:
                from lite.plan.program import Program  # few models need one

                plan = Program(self.model, shapes, self.resources)
            else:
                plan = build_plan(network, self.resources)
            self._plans[shapes] = plan
        self._plans.move_to_end(shapes)
        return plan

    def output_specs(self, shapes: Shapes) -> tuple[TensorSpec, ...]:
        """Specs of the outputs for inputs of shapes that may be open. Raises what inference raises."""
        from lite.plan.network import output_specs

        return output_specs(self.model, shapes, self.resources.memory_limit)

    def adopt(self, shapes: Shapes, plan: Plan) -> None:
        """Take a plan for these shapes that was made elsewhere."""
        self._plans[shapes] = plan

    def keep_only(self, plan: Plan | Program | None) -> None:
        """Release all plans but this one."""
        self._plans = OrderedDict((shapes, kept) for shapes, kept in self._plans.items() if kept is plan)
