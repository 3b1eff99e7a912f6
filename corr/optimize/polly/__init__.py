"""Loop nests as Polly writes and reads them (JSCoP): only what a model's `schedule` move needs.

clang.py exports and imports, child.py does so confined; jscop.py the file, model.py its sets.
The rules' own loop transformations are in corr/polyhedral and know nothing of Polly.
"""
