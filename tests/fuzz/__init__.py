"""Whatever a stranger can send, made up: what is read from it is right, or refused in the way that is promised.

`tests.fuzz.targets` holds a function for each reader, and examples of what it reads. Those are changed at random in the
tests (`tests.fuzz.test_targets`), and by what the code does with them, for as long as one likes, by ``make fuzz``
(`tests.fuzz.__main__`).
"""
