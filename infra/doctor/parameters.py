"""Are the parameters there, encrypted, and what they have to be. No value is ever shown."""

from collections.abc import Mapping

from infra.doctor.check import Verdict, bad, good, skipped
from infra.secrets.kinds import PARAMETERS
from infra.secrets.store import Stored


def are_there(parameters: Mapping[str, Stored], stage: str) -> Verdict:
    """None that is needed is missing."""
    needed = [parameter for parameter in PARAMETERS if not parameter.is_optional]
    missing = [parameter for parameter in needed if parameter.name not in parameters]
    if missing:
        off = ", ".join(dict.fromkeys(parameter.off for parameter in missing))
        names = ", ".join(parameter.name for parameter in missing)
        return bad(f"missing: {names}; off is {off}", f"make secrets STAGE={stage}")
    return good(f"all {len(needed)} that are needed")


def options_are_there(parameters: Mapping[str, Stored], stage: str) -> Verdict:
    """Those that can be left out, and what goes with them."""
    options = [parameter for parameter in PARAMETERS if parameter.is_optional]
    missing = [parameter for parameter in options if parameter.name not in parameters]
    if missing:
        said = "; ".join(f"{parameter.name}: {parameter.off} off" for parameter in missing)
        return skipped(said, f"if that is wanted: make secrets STAGE={stage}")
    return good(f"all {len(options)}")


def are_encrypted(parameters: Mapping[str, Stored], stage: str) -> Verdict:
    """No secret lies there in the open; one that does is not used."""
    found = [parameter for parameter in PARAMETERS if parameter.name in parameters]
    in_the_open = [
        parameter.name
        for parameter in found
        if not parameter.may_lie_open and not parameters[parameter.name].is_encrypted
    ]
    if in_the_open:
        names = " ".join(f"--replace {name}" for name in in_the_open)
        return bad(
            f"not encrypted, so not used: {', '.join(in_the_open)}",
            "they may have been read, so get new ones; then "
            f"python -m infra.secrets --stage {stage} {names}",
        )
    return good("SecureString")


def can_be_read(parameters: Mapping[str, Stored], stage: str) -> Verdict:
    """Each has the form it must have: keys parse, lengths fit."""
    complaints = [
        f"{parameter.name} {parameter.complaint(parameters[parameter.name].value)}"
        for parameter in PARAMETERS
        if parameter.name in parameters
        and parameter.name != "public_base_url"
        and parameter.complaint(parameters[parameter.name].value)
    ]
    if complaints:
        return bad(
            "; ".join(complaints), f"python -m infra.secrets --stage {stage} --replace <its name>"
        )
    return good("keys parse, lengths fit")
