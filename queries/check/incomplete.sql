-- purpose: what of a run could not be read (its record of remarks, a library of the project), so that loops and remarks are missing
-- grain: the run, if anything is missing
-- columns: place, what, count
-- $run: the run. What was read all the same, or was never recorded, is left out.
SELECT any_value("where") AS place, any_value(what) AS what, sum(count)::BIGINT AS count
FROM problems
WHERE run_id = $run AND (layer = 'program' AND what LIKE 'stays a library of which little is known%' OR layer = 'remarks'
  AND NOT regexp_matches(what, '^(left out: it is|invalid UTF-8|unknown record|the linker wrote)|not a number of its range$'))
HAVING count(*) > 0
