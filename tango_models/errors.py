"""The one error a user causes and can mend."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message always names the input, what is wrong with it and what to do about it, in that order.
    It is never retried: the same input fails the same way.
    """

    def __init__(self, subject: str, fault: str, remedy: str) -> None:
        self.subject, self.fault, self.remedy = str(subject), fault, remedy
        named = self.subject or "''"
        super().__init__(f"{named}: {fault}; {remedy}")

    def __reduce__(self):  # crosses process borders (Ray)
        return type(self), (self.subject, self.fault, self.remedy)
