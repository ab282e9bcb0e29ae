"""A command as it was given, for pages that say how they were written."""

from __future__ import annotations

import shlex

import typer


def as_given(context: typer.Context) -> str:
    """The command line that made a context, in the order of the command's parameters.

    Parameters
    ----------
    context : typer.Context
        Of a running command.

    Returns
    -------
    str
        What was left to its default is not in it.
    """
    words = ["genrescope", str(context.info_name)]
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        if source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[str(parameter.name)]
        values = value if isinstance(value, (list, tuple)) else [value]
        if parameter.param_type_name == "argument":
            words += map(str, values)
        elif value is True:
            words.append(parameter.opts[0])
        else:
            words += [word for one in values for word in (parameter.opts[0], str(one))]
    return shlex.join(words)
