"""Looks at a site from outside, as an operator would before trusting it: what is well, what is not, and what to do.

One file a subject; each check reads or asks, and yields findings. Nothing here changes a site or sends a mail, but for
`probe`, which sends where it was asked to. `refusals` says in plain words what providers mean by their codes.
"""
