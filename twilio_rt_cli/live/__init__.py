"""What a person sees of a running server: notices become a model, the model a snapshot, the snapshot a screen.

`model.py` and `view.py` are pure; `snapshot.py` is what stands between them, and what the admin port serves as JSON.
"""
