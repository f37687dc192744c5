"""Messages of a simulated stretch of time: the same scenario gives the same bytes, on every machine and every day."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import orjson

from stack.shop.catalogue import PRODUCT_COUNT, USER_COUNT, Catalogue
from stack.shop.clock import Window, iso
from stack.shop.deploys import Rollout
from stack.shop.manifest import Tally
from stack.shop.message import Message
from stack.shop.producers import Event, build, key_of
from stack.shop.sessions import Session, Step, sessions
from stack.shop.unusable import KINDS, SPARED, UNUSABLE_SHARE, Unusable

DUPLICATE_SHARE = 0.003
#: A retry arrives after this many other messages, or at the end of the stream.
RETRY_DISTANCE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that decides a stream: `events` messages in [start_ms, start_ms + hours)."""

    events: int
    seed: int
    start_ms: int
    hours: float = 24.0
    products: int = PRODUCT_COUNT
    users: int = USER_COUNT
    rollouts: tuple[Rollout, ...] = ()

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
        }


@dataclass(slots=True, kw_only=True)
class Stream:
    """The messages of a scenario, made as they are read; `manifest()` is complete when all have been."""

    scenario: Scenario
    tally: Tally = field(default_factory=Tally)

    def manifest(self) -> dict[str, object]:
        """The scenario and the counts of what has been read so far."""
        return {**self.scenario.describe(), **self.tally.counts()}

    def messages(self) -> Iterator[Message]:
        """Exactly `scenario.events` messages in order of simulated time, retries a little later than their originals.

        Raises:
            TooFewUsers: too many events for so few hours and users.
        """
        retries = round(self.scenario.events * DUPLICATE_SHARE)
        visitors, schedule = self._schedule(self.scenario.events - retries)
        damaged, repeated = self._fates(visitors, schedule, retries=retries)
        rng = Random(f"{self.scenario.entropy}/events")
        waiting: deque[tuple[int, Message, Session]] = deque()
        for number, (at_ms, visit, place) in enumerate(schedule):
            session = visitors[visit]
            step = session.visit.steps[place]
            event = self._event(session, step, at_ms=at_ms, rng=rng)
            if number in damaged:
                kind = damaged[number]
                self.tally.count_unusable(session, step, kind=kind.name)
                yield Message(key_of(session), kind.damage(event), at_ms, session.visit.producer)
            else:
                self.tally.count_usable(session, step, visit=visit, at_ms=at_ms)
                message = Message(key_of(session), orjson.dumps(event), at_ms, session.visit.producer)
                yield message
                if number in repeated:
                    waiting.append((number + RETRY_DISTANCE, message, session))
            while waiting and waiting[0][0] <= number:
                yield self._retry(waiting.popleft())
        while waiting:
            yield self._retry(waiting.popleft())

    def _schedule(self, count: int) -> tuple[list[Session], list[tuple[int, int, int]]]:
        """The sessions, and (time, number of session, number of step) in order of time."""
        catalogue = Catalogue.build(self.scenario.seed, products=self.scenario.products, users=self.scenario.users)
        window = Window.of(start_ms=self.scenario.start_ms, hours=self.scenario.hours)
        visitors = sessions(catalogue=catalogue, window=window, entropy=self.scenario.entropy, events=count)
        schedule = [
            (session.visit.start_ms + offset, number, place)
            for number, session in enumerate(visitors)
            for place, offset in enumerate(session.visit.offsets_ms)
        ]
        schedule.sort()
        return visitors, schedule

    def _fates(
        self, visitors: list[Session], schedule: list[tuple[int, int, int]], *, retries: int
    ) -> tuple[dict[int, Unusable], set[int]]:
        """Which numbers in the schedule are damaged and how (every kind equally often), and which are sent twice."""
        rng = Random(f"{self.scenario.entropy}/fates")
        breakable = [
            number
            for number, (_, visit, place) in enumerate(schedule)
            if visitors[visit].visit.steps[place].type not in SPARED
        ]
        broken = rng.sample(breakable, min(round(len(schedule) * UNUSABLE_SHARE), len(breakable)))
        damaged = {number: KINDS[turn % len(KINDS)] for turn, number in enumerate(broken)}
        intact = [number for number in range(len(schedule)) if number not in damaged]
        return damaged, set(rng.sample(intact, min(retries, len(intact))))

    def _event(self, session: Session, step: Step, *, at_ms: int, rng: Random) -> Event:
        event = build(session, step, at_ms=at_ms, rng=rng)
        for rollout in self.scenario.rollouts:
            if rollout.reaches(session.visit.producer, at_ms):
                rollout.deploy.apply(event)
        return event

    def _retry(self, waiting: tuple[int, Message, Session]) -> Message:
        _, message, session = waiting
        self.tally.count_duplicate(session)
        return message
