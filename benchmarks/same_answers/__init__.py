"""Whether two checkouts of Kampass give the same answers: record each, then compare the records.

Run from a folder outside both checkouts, with this checkout and the sources of the one in question:

    export PYTHONPATH=HERE:CHECKOUT/src
    python -m benchmarks.same_answers worlds WORLDS --count 20     # once, with HERE/src
    python -m benchmarks.same_answers record OUT --worlds WORLDS   # for each checkout
    python -m benchmarks.same_answers compare OUT_A OUT_B          # exit code 1 where they differ

Only what is documented is used: `import kampass`, the command line, addresses over HTTP. So the
recorder runs unchanged on any checkout, wherever its modules stand. Both checkouts must read the
same folder of worlds, because its path is a setting of the workspaces.

Texts are kept byte by byte, but for what no two recordings share (`masking.py`): instants and days
of the recording itself, secrets and random ids, digests of static files, the port, the folder of
the recording, sizes of database files. Pages are kept as their visible texts and attribute values
in order, without `class`, so that templates may move white space and looks (`html.py`).
"""
