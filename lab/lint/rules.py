"""Every rule of the lint: what it looks for, and why that matters. An id never changes its meaning."""

from typing import Final, Literal, NamedTuple


class Rule(NamedTuple):
    """What is looked for."""

    id: str
    severity: Literal["error", "warning", "note"]
    title: str
    explanation: str


_ALL = (
    Rule(
        "L001",
        "error",
        "not YAML",
        "Nothing can be read from here on.",
    ),
    Rule(
        "L002",
        "error",
        "not the shape of an Experiment or Metric",
        "A field that nobody reads is mostly a typing error, and its default would count instead.",
    ),
    Rule(
        "L003",
        "error",
        "not possible in this lab",
        "`lab start` refuses the experiment for this reason.",
    ),
    Rule(
        "L004",
        "warning",
        "an allowance that allows nothing",
        "Write `# lab lint: allow L216: why`, with the id of a rule and a reason for the next reader.",
    ),
    Rule(
        "L101",
        "warning",
        "a sum used as a count",
        "A series that ends in _sum adds up what was measured, seconds for example. How often it was measured is in the series that "
        "ends in _count.",
    ),
    Rule(
        "L102",
        "warning",
        "a count used as a reward",
        "A count grows with the traffic that a version is given: the version with more visitors wins, however good it is. Divide it "
        "by the visitors: conversion or mean-reward do.",
    ),
    Rule(
        "L103",
        "warning",
        "units that the query does not give",
        "Prometheus measures time in seconds. Declared as milliseconds without a factor of 1000, a limit of 2000 allows 2000 seconds.",
    ),
    Rule(
        "L104",
        "warning",
        "missing data read as zero",
        "`or vector(0)` turns no data into the best value that there is: a version whose metrics have broken down has no errors and "
        "no latency, and meets every limit.",
    ),
    Rule(
        "L105",
        "warning",
        "no sample size",
        "Without sampleSize nobody can tell an estimate of ten requests from one of ten thousand.",
    ),
    Rule(
        "L106",
        "warning",
        "a percentile without a guard for few data",
        "The 95th percentile of 20 requests is their slowest one. Without requests it is NaN, which Iter8 takes for a failed "
        "objective: silence becomes a failure. Ask for a minimum of data first (minimumSample, or `and on() (count > 100)` in the "
        "query).",
    ),
    Rule(
        "L107",
        "warning",
        "zero divided by zero",
        "A ratio whose denominator is 0 without traffic is NaN, which Iter8 takes for a failed objective.",
    ),
    Rule(
        "L108",
        "warning",
        "predictions and feedback in one number",
        "A Seldon server counts calls of predictions and of feedback in the same series. Many calls of feedback dilute errors and "
        "latencies. Choose with service='predictions'.",
    ),
    Rule(
        "L109",
        "warning",
        "a type that the query contradicts",
        "A Counter only grows; a Gauge goes up and down. Tools draw and divide them differently.",
    ),
    Rule(
        "L110",
        "warning",
        "the same value for every version",
        "The query names no variable of a version, so that every version gets the same number and ties with the others.",
    ),
    Rule(
        "L111",
        "warning",
        "a variable that a version does not have",
        "Iter8 leaves an unknown variable as it is, and the query finds nothing.",
    ),
    Rule(
        "L112",
        "warning",
        "a value that is no number",
        "Prometheus answers with numbers in quotes. Without `tonumber` Iter8 takes the value for unavailable.",
    ),
    Rule(
        "L113",
        "warning",
        "every status but 200 counted as an error",
        "A visitor's own mistake (4xx) and other good answers (204) then count against the version.",
    ),
    Rule(
        "L114",
        "note",
        "one pot for the whole run",
        "A window of ${elapsedTime} adds up everything since the start. When the split and the base rate both change meanwhile, the "
        "sum can prefer the worse version (Simpson's paradox). The lab compares within stretches of constant weights instead.",
    ),
    Rule(
        "L201",
        "warning",
        "single requests judged where visitors keep their variant",
        "The split assigns visitors, and one visitor's requests are alike. Taken for independent, ten from one visitor look like ten "
        "opinions: in simulations half of all identical versions were found to differ. Use unit: visitor.",
    ),
    Rule(
        "L202",
        "warning",
        "no chance to see the difference in the planned time",
        "An experiment that ends before it could see what it looks for is inconclusive by design. Make it longer, look for a larger "
        "difference, or give the candidate more traffic. State the traffic with --visitors and --rate.",
    ),
    Rule(
        "L203",
        "warning",
        "rewards waited for longer than the experiment lasts",
        "A visitor counts when their time for rewards is over. If that is not well before the end, nobody counts.",
    ),
    Rule(
        "L204",
        "warning",
        "a large step at once",
        "What is wrong with a candidate is seen at the first look after a step, and by everybody who was given to it. Steps of 10 to "
        "20 percentage points keep that number small.",
    ),
    Rule(
        "L205",
        "warning",
        "an objective without a limit",
        "Nothing can violate it. To show a metric without judging it, use indicators.",
    ),
    Rule(
        "L206",
        "warning",
        "a limit that can never bind",
        "No value that can occur violates it, so it protects nobody. Often it is in another unit than thought: percent, or seconds.",
    ),
    Rule(
        "L207",
        "warning",
        "a limit that can never be shown to be kept",
        "Only a value beyond every possible one would do, so nothing is ever promoted.",
    ),
    Rule(
        "L208",
        "warning",
        "a limit on the wrong side",
        "It demands what is bad: at least so many errors, at most so much accuracy.",
    ),
    Rule(
        "L209",
        "warning",
        "too few predictions to show that a limit is kept",
        "Promotion needs evidence for every limit. Even without a single failure that takes some hundreds of predictions for a limit "
        "of 1 %.",
    ),
    Rule(
        "L210",
        "warning",
        "a reward in the unusual direction",
        "The version with the worse value would win.",
    ),
    Rule(
        "L211",
        "warning",
        "nothing stops a candidate that fails",
        "Without an objective or a margin for error-rate the candidate's failures are no reason to roll back.",
    ),
    Rule(
        "L212",
        "warning",
        "nothing to decide by",
        "Without a reward and without an objective with a limit there is no claim that could be shown.",
    ),
    Rule(
        "L213",
        "warning",
        "one metric judged twice",
        "Of two limits the tighter one counts; the other is a leftover.",
    ),
    Rule(
        "L214",
        "warning",
        "a comparison without a margin",
        "With a margin of 1 a candidate with 0.8 % errors is rolled back when the baseline has 0.5 %, though both keep a limit of 1 "
        "%. Use 1.2 to 2.",
    ),
    Rule(
        "L215",
        "warning",
        "a lenient level",
        "With alpha above 0.1 more than one in ten worthless candidates is promoted.",
    ),
    Rule(
        "L216",
        "warning",
        "a verdict without statistics",
        "Method iter8 takes the better estimate at every iteration: of two identical versions it promotes the candidate in half of "
        "all experiments. Use always-valid unless you compare methods.",
    ),
    Rule(
        "L217",
        "warning",
        "a winner who never gets everybody",
        "Method iter8 ends at 95 %: 100 % come only from a task. Add lab/promote to the finish actions.",
    ),
    Rule(
        "L218",
        "note",
        "no smallest difference worth a change",
        "With mde the experiment can end early when no difference worth having is left, and its length can be planned.",
    ),
    Rule(
        "L219",
        "warning",
        "looks too close together",
        "The journals are read up to two seconds before a look, so that hardly anything is new in it.",
    ),
    Rule(
        "L220",
        "warning",
        "steps that the time does not reach",
        "Each weight takes at least one iteration. What comes after the last one never happens.",
    ),
    Rule(
        "L221",
        "warning",
        "a step down",
        "While weights grow every visitor keeps their variant. A step down moves visitors of the candidate back, who then count no more.",
    ),
    Rule(
        "L222",
        "note",
        "a command",
        "Commands run only where the lab is started with LAB_ALLOW_EXEC=1. Task lab/promote needs no permission.",
    ),
    Rule(
        "L223",
        "note",
        "a field for a cluster",
        "weightObjRef says where a cluster keeps a weight. Here NGINX splits by the lab's table of routes.",
    ),
    Rule(
        "L224",
        "note",
        "a number with decimals that is not quoted",
        'A cluster takes whole numbers or text here: write "0.01".',
    ),
    Rule(
        "L225",
        "warning",
        "a minimum that the time does not reach",
        "Nothing is promoted before the smaller arm has so many units.",
    ),
    Rule(
        "L226",
        "warning",
        "a weight that is not given",
        "Until the verdict no candidate gets more than an equal share: 50 % with one candidate. That is where a difference is seen "
        "soonest; a promotion gives everybody at once.",
    ),
    Rule(
        "L301",
        "warning",
        "two experiments on one route",
        "One at a time: the other waits, and judges other visitors at another time.",
    ),
    Rule(
        "L302",
        "warning",
        "two routes with the same salt",
        "The salt decides by chance who meets a candidate. With the same one, whoever meets it here meets it there, and each "
        "experiment measures the other as well.",
    ),
    Rule(
        "L303",
        "warning",
        "two experiments of the same name",
        "The second run is called name-2; `lab status name` means the newest.",
    ),
)

RULES: Final = {rule.id: rule for rule in _ALL}
