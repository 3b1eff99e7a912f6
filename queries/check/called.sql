-- purpose: what the machine code of each loop calls, by linkage names
-- grain: loop with a call
-- columns: loop, callees
-- $run: the run. What is called through a pointer has no name.
SELECT loop, list(DISTINCT regexp_extract(operands, '<([^>+@]+)', 1)) AS callees
FROM instructions WHERE run_id = $run AND loop IS NOT NULL AND kind IN ('call', 'jump')
GROUP BY loop
