"""A school's own data: a table proposed as a task, corrected by a person, and learned from."""
