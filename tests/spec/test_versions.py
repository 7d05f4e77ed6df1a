"""Which variant of which route a version is."""

from lab.spec.experiment import Version
from tests.spec.texts import IRIS, experiment, refusal, understood, written


def versions(*versions: dict[str, object]) -> dict[str, object]:
    return {"versionInfo": {"baseline": versions[0], "candidates": list(versions[1:])}}


def variable(value: str) -> list[dict[str, str]]:
    return [{"name": "variant", "value": value}]


def test_a_version_may_be_called_like_its_variant() -> None:
    assert experiment().versions == (Version("svc", "svc"), Version("forest", "forest"))


def test_a_variable_says_which_variant_a_version_is_whatever_its_name() -> None:
    info = versions({"name": "old"}, {"name": "svc", "variables": variable("xgboost")})
    info["versionInfo"]["baseline"]["variables"] = variable("forest")  # type: ignore[index]

    assert [one.variant for one in experiment(**info).versions] == ["forest", "xgboost"]


def test_the_table_of_routes_knows_versions_by_their_text() -> None:
    found = experiment(**versions({"name": "iris-v1"}, {"name": "iris-v2"})).versions

    assert [one.variant for one in found] == ["svc", "forest"]


def test_a_version_that_nobody_knows_is_refused_and_told_how() -> None:
    said = refusal(written(**versions({"name": "svc"}, {"name": "v2"})))

    assert "Nobody knows which variant of iris the version v2 is. Say it with a variable" in said
    assert "Its variants: svc, forest, xgboost, bayes." in said


def test_a_text_that_the_table_gives_two_variants_decides_nothing() -> None:
    table = {"versions": {**IRIS["versions"], "xgboost": "iris-v2"}}

    assert "The route says iris-v2 of forest and of xgboost." in refusal(written(**versions({"name": "svc"}, {"name": "iris-v2"})), table)


def test_a_variable_that_names_no_variant_is_refused_at_its_value() -> None:
    said = refusal(written(**versions({"name": "svc"}, {"name": "new", "variables": variable("forrest")})))

    assert said.endswith("forrest is no variant of iris. Did you mean forest? Its variants: svc, forest, xgboost, bayes.")


def test_two_versions_cannot_be_one_variant() -> None:
    said = refusal(written(**versions({"name": "svc"}, {"name": "iris-v1"})))

    assert "iris-v1 and svc are the same variant, svc: there is nothing to compare." in said


def test_a_target_that_is_no_route_is_refused_and_told_which_there_are() -> None:
    assert 'spec.target is "irs", but there is no such route. Did you mean iris? Routes: fruit, iris.' in refusal(written(target="irs"))


def test_another_baseline_than_the_route_has_is_noticed() -> None:
    notices = understood(written(**versions({"name": "forest"}, {"name": "xgboost"}))).notices

    assert "forest becomes the baseline of the route iris, in place of svc: it answers for variants that fail." in notices
    assert "svc has 60 % of iris, takes no part, and gets nobody while the experiment runs." in notices


def test_a_route_in_round_robin_is_made_weighted_and_that_is_noticed() -> None:
    text = written(target="fruit", **versions({"name": "custom"}, {"name": "vgg16"}))

    assert "fruit is in round robin, where nobody keeps a variant: the experiment makes it weighted." in understood(text).notices


def test_a_fixed_split_that_gives_a_candidate_nobody_is_noticed() -> None:
    info = versions({"name": "svc"}, {"name": "xgboost"})
    text = written(strategy__deploymentPattern="FixedSplit", **info)

    assert any(one.startswith("xgboost has 0 % of iris, and a FixedSplit leaves it there.") for one in understood(text).notices)


def test_three_candidates_keep_within_their_lanes_and_that_is_noticed() -> None:
    info = versions({"name": "svc"}, {"name": "forest"}, {"name": "xgboost"}, {"name": "bayes"})
    result = understood(written(strategy__testingPattern="A/B/N", **info))

    assert result.experiment.candidate_weight_max == 33.33
    assert "With 3 candidates each has a lane of 33.33 %: none gets more before it is promoted." in result.notices
