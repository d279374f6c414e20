"""Views of plans, resources, answers and faults: for people and as JSON. Nothing here decides or changes anything."""
