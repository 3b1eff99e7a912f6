-- purpose: which passes changed which loop, in order
-- grain: change of a loop by one pass
-- columns: run_id, loop, sequence, stage, pass, function, instructions_before, instructions_after
SELECT run_id, unnest(loops) AS loop, unit, sequence, stage, pass, function,
       instructions_before, instructions_after
FROM ir_changes
