"""What the lab refuses or cannot do, said in a sentence."""


class Refused(Exception):
    """Its text is one or more sentences for the user, one per line."""


class RoutesError(Refused):
    """A table of routes, or a change of one, that the gateway must never read."""


class StateError(Refused):
    """A file or folder that cannot be read or written."""


class SettingError(Refused):
    """A setting that means nothing."""
