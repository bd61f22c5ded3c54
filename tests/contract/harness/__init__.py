"""The contract suite's ground: the same tests over the embedded AWS, or over an AWS account that somebody gives for it."""
