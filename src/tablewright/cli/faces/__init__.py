"""What a person, a log and a program see of one event stream. Views only: they decide nothing."""
