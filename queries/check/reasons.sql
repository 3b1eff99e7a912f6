-- purpose: why the vectoriser left a loop as it is, in its own words
-- grain: loop that it gives a reason for
-- columns: loop, words
-- $run: the run.
SELECT loop, min(words) AS words FROM missed
WHERE run_id = $run AND pass = 'loop-vectorize' AND weight = 1 AND loop IS NOT NULL
GROUP BY loop
