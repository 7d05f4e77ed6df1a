"""Finds the route that a file's target means, and the variant that each of its versions is here."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.routes import Route, Routes
from lab.routes.table import Known
from lab.spec import shapes
from lab.spec.experiment import Version
from lab.spec.means import ALONE, Means
from lab.spec.place import Path
from lab.spec.remarks import Remarks
from lab.spec.rules import CANDIDATES, VERSIONS
from lab.spec.words import meant, quoted

# The variable of a version that names its variant.
VARIABLE = "variant"


class Here(NamedTuple):
    """A route of this lab."""

    name: str
    route: Route
    variants: tuple[str, ...]
    """Those that have an upstream."""


def route_of(target: str, routes: Routes, known: Known, remarks: Remarks) -> Here | None:
    """The route of the target's name; None, and a trouble, if there is none."""
    if target in routes.routes and target in known:
        return Here(target, routes.routes[target], known[target])
    hint = meant(target, known)
    remarks.wrong(("spec", "target"), f"spec.target is {quoted(target)}, but there is no such route.{hint} Routes: {', '.join(known)}.")
    return None


def versions_of(info: shapes.VersionInfo, here: Here, remarks: Remarks, means: Means = ALONE) -> tuple[Version, ...]:
    """The baseline first; versions without a variant are left out, with a trouble."""
    places: list[tuple[Path, shapes.Version]] = [((*VERSIONS, "baseline"), info.baseline)]
    places += [((*CANDIDATES, number), version) for number, version in enumerate(info.candidates)]
    found: list[Version] = []
    for path, version in places:
        variant = _variant(path, version, here, remarks)
        if variant is not None:
            _check_new(path, version, variant, found, remarks)
            variables = {one.name: one.value for one in version.variables}
            found.append(Version(version.name, variant, variables, _place(version, means)))
    if any(one.place for one in found):
        _check_places(places, here, remarks)
    return tuple(found)


def _place(version: shapes.Version, means: Means) -> Mapping[str, str]:
    """What the file says of its weight, where there is a mesh."""
    if not means.mesh or version.weight_obj_ref is None:
        return {}
    return {name: str(value) for name, value in version.weight_obj_ref.model_dump(by_alias=True, exclude_none=True).items()}


def _check_places(versions: Sequence[tuple[Path, shapes.Version]], here: Here, remarks: Remarks) -> None:
    """A mesh that splits only some of them would split wrongly."""
    for path, version in versions:
        if version.weight_obj_ref is None:
            remarks.wrong((*path, "name"), f"{version.name} has no weightObjRef, but others have: the mesh must know the weights of all.")
    named = ", ".join(version.name for _, version in versions)
    remarks.notice(VERSIONS, f"The mesh splits {here.name} among {named}, by the objects that weightObjRef names.")


def _variant(path: Path, version: shapes.Version, here: Here, remarks: Remarks) -> str | None:
    """By its variable, its name, or the version that the route says of a variant."""
    said = version.variable(VARIABLE)
    if said is not None:
        return _said(path, version, said, here, remarks)
    if version.name in here.variants:
        return version.name
    by_table = [variant for variant, text in here.route.versions.items() if text == version.name and variant in here.variants]
    if len(by_table) == 1:
        return by_table[0]
    remarks.wrong((*path, "name"), _nobody(version.name, here, by_table))
    return None


def _said(path: Path, version: shapes.Version, said: str, here: Here, remarks: Remarks) -> str | None:
    if said in here.variants:
        return said
    number = next(number for number, one in reversed(list(enumerate(version.variables))) if one.name == VARIABLE)
    variants = ", ".join(here.variants)
    where = (*path, "variables", number, "value")
    remarks.wrong(where, f"{said} is no variant of {here.name}.{meant(said, here.variants)} Its variants: {variants}.")
    return None


def _nobody(name: str, here: Here, by_table: Sequence[str]) -> str:
    several = f"The route says {name} of {' and of '.join(by_table)}. " if by_table else ""
    how = f"{{name: {VARIABLE}, value: {here.variants[-1]}}}"
    return (
        f"{several}Nobody knows which variant of {here.name} the version {name} is. Say it with a variable of the version, as in {how}, "
        f"or call the version like a variant. Its variants: {', '.join(here.variants)}."
    )


def _check_new(path: Path, version: shapes.Version, variant: str, found: Sequence[Version], remarks: Remarks) -> None:
    for other in found:
        if other.variant == variant:
            remarks.wrong((*path, "name"), f"{version.name} and {other.name} are the same variant, {variant}: there is nothing to compare.")
