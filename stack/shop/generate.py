"""Messages of a simulated stretch of time: the same scenario gives the same bytes, on every machine and every day."""

from __future__ import annotations

import gc
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import merge
from itertools import count
from random import Random

import orjson

from stack.shop.catalogue import PRODUCT_COUNT, USER_COUNT, Catalogue, Producer
from stack.shop.clock import HOUR_MS, Window, iso
from stack.shop.deploys import Rollout
from stack.shop.incidents import Episode
from stack.shop.manifest import Tally
from stack.shop.message import Message
from stack.shop.producers import Build, builder, key_of
from stack.shop.sessions import IDLE_MS, Session, Step, sessions
from stack.shop.unusable import KINDS, SPARED, UNUSABLE_SHARE, Unusable

DUPLICATE_SHARE = 0.003
#: A retry arrives after this many other messages, or at the end of the stream.
RETRY_DISTANCE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that decides a stream: `events` messages in [start_ms, start_ms + hours), if no incident interferes."""

    events: int
    seed: int
    start_ms: int
    hours: float = 24.0
    products: int = PRODUCT_COUNT
    users: int = USER_COUNT
    rollouts: tuple[Rollout, ...] = ()
    episodes: tuple[Episode, ...] = ()

    @property
    def entropy(self) -> str:
        """What chance is seeded with: the start counts too, so that the next day brings other visits and ids."""
        return f"{self.seed}/{self.start_ms}"

    def describe(self) -> dict[str, object]:
        """The arguments as the manifest repeats them."""
        return {
            "events": self.events,
            "seed": self.seed,
            "start": iso(self.start_ms),
            "hours": self.hours,
            "catalogue": {"products": self.products, "users": self.users},
            "deploys": [{"name": rollout.deploy.name, "at": iso(rollout.at_ms)} for rollout in self.rollouts],
            "incidents": [episode.describe() for episode in self.episodes],
        }


#: A step in the schedule is one whole number, made of its time, its visit's number and its place in the visit.
PLACE_BITS, VISIT_BITS = 10, 26


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector: visits stay and events know no circles, and all would be looked through often."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visits:
    """Visits with the chance that belongs to them; the schedule has all steps in the order of their times."""

    sessions: list[Session]
    entropy: str
    retries: int
    schedule: list[int] = field(init=False)

    def __post_init__(self) -> None:
        schedule = [
            ((session.visit.start_ms + offset) << VISIT_BITS | number) << PLACE_BITS | place
            for number, session in enumerate(self.sessions)
            for place, offset in enumerate(session.visit.offsets_ms)
        ]
        schedule.sort()
        object.__setattr__(self, "schedule", schedule)

    def steps(self) -> Iterator[tuple[int, int, int]]:
        """Time, number of the visit and place in the visit of each step in the schedule."""
        visits, places = (1 << VISIT_BITS) - 1, (1 << PLACE_BITS) - 1
        for step in self.schedule:
            yield step >> VISIT_BITS + PLACE_BITS, step >> PLACE_BITS & visits, step & places

    def users_around(self, episode: Episode) -> frozenset[str]:
        """The ids of those who are there during an episode, or half an hour before or after it."""
        from_ms, until_ms = episode.from_ms - IDLE_MS, episode.until_ms + IDLE_MS
        return frozenset(
            session.user.user_id
            for session in self.sessions
            if session.user and session.visit.start_ms <= until_ms and session.visit.end_ms >= from_ms
        )

    def fates(self) -> tuple[dict[int, Unusable], set[int]]:
        """Which numbers in the schedule are damaged and how (every kind equally often), and which are sent twice."""
        rng = Random(f"{self.entropy}/fates")
        steps = [session.visit.steps for session in self.sessions]
        breakable = array(
            "L", [n for n, (_, visit, place) in enumerate(self.steps()) if steps[visit][place].type not in SPARED]
        )
        broken = rng.sample(breakable, min(round(len(self.schedule) * UNUSABLE_SHARE), len(breakable)))
        damaged = {number: KINDS[turn % len(KINDS)] for turn, number in enumerate(broken)}
        intact = array("L", [number for number in range(len(self.schedule)) if number not in damaged])
        return damaged, set(rng.sample(intact, min(self.retries, len(intact))))


@dataclass(slots=True, kw_only=True)
class Stream:
    """The messages of a scenario, made as they are read; `manifest()` is complete when all have been."""

    scenario: Scenario
    tally: Tally = field(default_factory=Tally)

    def manifest(self) -> dict[str, object]:
        """The scenario and the counts of what has been read so far."""
        return {**self.scenario.describe(), **self.tally.counts()}

    def messages(self) -> Iterator[Message]:
        """The messages in order of simulated time, retries a little later than their originals.

        Exactly `scenario.events`, but for incidents that silence producers or bring more visitors.

        Raises:
            TooFewUsers: too many events for so few hours and users.
        """
        numbers = count()
        with uncollected():
            strands = [self._strand(visits, numbers) for visits in self._all_visits()]
        return strands[0] if len(strands) == 1 else merge(*strands, key=lambda message: message.timestamp_ms)

    def _all_visits(self) -> list[_Visits]:
        """The usual visits, then those of each incident that brings more."""
        scenario = self.scenario
        catalogue = Catalogue.build(scenario.seed, products=scenario.products, users=scenario.users)
        whole = Window.of(start_ms=scenario.start_ms, hours=scenario.hours)
        retries = round(scenario.events * DUPLICATE_SHARE)
        come = sessions(catalogue=catalogue, window=whole, entropy=scenario.entropy, events=scenario.events - retries)
        found = [_Visits(sessions=come, entropy=scenario.entropy, retries=retries)]
        for number, episode in enumerate(scenario.episodes):
            usual = sum(episode.covers(at_ms) for at_ms, _, _ in found[0].steps())
            if more := usual * (episode.incident.traffic - 1):
                begin_ms, end_ms = max(episode.from_ms, whole.start_ms), min(episode.until_ms, whole.end_ms)
                window = Window.of(start_ms=begin_ms, hours=(end_ms - begin_ms) / HOUR_MS)
                entropy = f"{scenario.entropy}/{number}/{episode.incident.name}"
                busy = frozenset().union(*(each.users_around(episode) for each in found))
                come = sessions(catalogue=catalogue, window=window, entropy=entropy, events=more, busy=busy)
                found.append(_Visits(sessions=come, entropy=entropy, retries=round(more * DUPLICATE_SHARE)))
        return found

    def _strand(self, visits: _Visits, numbers: Iterator[int]) -> Iterator[Message]:
        """The messages of some visits in order of time; `numbers` tells each of their visits from all others."""
        visit_numbers = [next(numbers) for _ in visits.sessions]
        damaged, repeated = visits.fates()
        rng = Random(f"{visits.entropy}/events")
        waiting: deque[tuple[int, Message, Session]] = deque()
        present: dict[int, tuple[Session, tuple[Step, ...], Producer, Build, str]] = {}
        for number, (at_ms, visit, place) in enumerate(visits.steps()):
            if place == 0:
                come = visits.sessions[visit]
                present[visit] = come, come.visit.steps, come.visit.producer, builder(come), key_of(come)
            session, steps, producer, build, key = present[visit]
            usual = steps[place]
            if place + 1 == len(steps):
                del present[visit]
            step = self._befallen(usual, session, at_ms) if self.scenario.episodes else usual
            event = build(step or usual, at_ms, rng)
            for rollout in self.scenario.rollouts:
                if rollout.reaches(producer, at_ms):
                    rollout.deploy.apply(event)
            if step is None:
                pass
            elif number in damaged:
                kind = damaged[number]
                self.tally.count_unusable(session, step, kind=kind.name)
                yield Message(key, kind.damage(event), at_ms, producer)
            else:
                self.tally.count_usable(session, step, visit=visit_numbers[visit], at_ms=at_ms)
                message = Message(key, orjson.dumps(event), at_ms, producer)
                yield message
                if number in repeated:
                    waiting.append((number + RETRY_DISTANCE, message, session))
            while waiting and waiting[0][0] <= number:
                yield self._retry(waiting.popleft())
        while waiting:
            yield self._retry(waiting.popleft())

    def _befallen(self, step: Step, session: Session, at_ms: int) -> Step | None:
        """What the incidents of that moment make of a step; None: it is not sent."""
        for episode in self.scenario.episodes:
            if episode.covers(at_ms):
                became = episode.incident.becomes(step, session.visit.producer)
                if became is None:
                    return None
                step = became
        return step

    def _retry(self, waiting: tuple[int, Message, Session]) -> Message:
        _, message, session = waiting
        self.tally.count_duplicate(session)
        return message
