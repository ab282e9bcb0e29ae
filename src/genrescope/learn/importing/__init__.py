"""Other people's weights: from their file to one of ours.

`checkpoints` opens the file with suspicion, `namings` translates its names into torchvision's,
`heads` rebuilds the head that it holds, `networks` makes the network around it, `matching` says
what became of every tensor, and `importer` goes the whole way to a model file.
"""
