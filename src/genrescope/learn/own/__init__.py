"""Training on one's own music: folders or a table of sound files become a collection.

`find` lists the files, `label` settles what they are called, `draw` makes their pictures once,
`copies` finds the same sound twice, `split` keeps artists apart, and `bench` trains from a
shipped network, measures and writes the model file. What comes of it is an `Excerpts` like any
other collection; the run, the measuring and the export are those of every network.
"""
