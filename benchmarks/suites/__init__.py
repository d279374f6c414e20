"""Mason over the test files of other readers, value by value against readers that have nothing to do with it.

None of these files is part of Mason: a folder that has them is named when the program runs.
"""
