-- purpose: what of a run's record of remarks could not be read, so that remarks of it are missing
-- grain: the run, if anything is missing
-- columns: place, what, count
-- $run: the run. What was read all the same, or was never recorded, is left out.
SELECT any_value("where") AS place, any_value(what) AS what, sum(count)::BIGINT AS count
FROM problems
WHERE run_id = $run AND layer = 'remarks'
  AND NOT regexp_matches(what, '^(left out: it is|invalid UTF-8|unknown record|the linker wrote)|not a number of its range$')
HAVING count(*) > 0
