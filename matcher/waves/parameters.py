"""The weights of a plan, and why each has its value."""

from dataclasses import dataclass

HOUR_S = 3600
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How waves are planned. Lists by urgency go from 0 (standing) to 3 (today)."""

    #: Seconds between two looks. Whoever answers mostly does so within an hour or two of reading.
    wait_s: tuple[int, int, int, int] = (8 * HOUR_S, 4 * HOUR_S, 3 * HOUR_S // 2, HOUR_S // 2)
    #: Chance of getting all people needed that a wave aims at. The less time, the bolder.
    aim: tuple[float, float, float, float] = (0.5, 0.5, 0.7, 0.85)
    #: The same for the wave after which there is no time for another.
    last_aim: float = 0.97
    #: Nothing is sent in these local hours unless it is for today: it would be read in the morning.
    night: tuple[float, float] = (22.0, 7.5)
    #: With less time than this nobody is told any more.
    least_left_s: int = 900
    #: Widen until the people within reach promise so many times what the wave aims at.
    choice: float = 3.0
    #: Resolution of the cells whose rings are counted: 7 has centres about 2.4 km apart.
    ring_resolution: int = 7
    #: Nobody is told who promises less, one in seventeen: each message costs some readiness. So
    #: much is asked only where calls are known to be answered; see `promise.least_promise`.
    least_promise: float = 0.06
    #: The same where nothing is known: somebody at the far end of a wide alert is still asked.
    bare_promise: float = 0.01
    #: Share of readiness that each message of the last seven days takes: 4 % in the data of
    #: food-rescue volunteers with fewer than ten a week.
    tires: float = 0.042
    #: Odds are multiplied by this for each decline of the same category, at most three times.
    declined: float = 0.8
    #: How strongly those told least lately are preferred: added share of the promise at full rest.
    rest: float = 0.3
    #: Seconds after which two thirds of the rest are reached.
    rest_s: int = 7 * DAY_S
    #: How strongly an area where calls stay without an answer is preferred: for each unit by which
    #: the share of these exceeds `area_usual`, a wave aims higher by this much. With any weight
    #: from 1 on, an area of which nothing is known asks for `bare_promise` alone.
    area: float = 5.0
    area_usual: float = 0.3
    #: Calls that an area is believed to have had, answered as usual: shrinks small numbers.
    area_prior: float = 5.0
    #: "Lately" of Candidate, in seconds.
    lately_s: int = 14 * DAY_S


DEFAULT_PARAMETERS = Parameters()
