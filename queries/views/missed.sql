-- purpose: missed optimisations and their reasons, the weightiest of a loop first
-- grain: distinct missed or analysis remark in a loop
-- columns: run_id, loop, weight, pass, name, words, line, count
-- weight: 1 is what most often costs time in a hot loop; 9 and more is rarely why it is slow.
SELECT run_id, loop,
       CASE WHEN pass = 'loop-vectorize' AND tag LIKE 'Analysis%' AND words LIKE 'loop not vectorized: %' THEN 1
            -- a bound or pointer that the loop's stores may change: the end is not known
            WHEN pass = 'licm' AND name = 'LoadWithLoopInvariantAddressInvalidated' AND endless THEN 1
            WHEN pass = 'loop-vectorize' AND name = 'MissedDetails' THEN 2
            WHEN pass = 'regalloc' AND regexp_matches(words, 'spills|reloads') THEN 3
            -- a directive's own calls: nobody could inline them
            WHEN pass = 'inline' AND contains(words, '__kmpc_') THEN 10
            WHEN pass = 'inline' AND name <> 'NoDefinition' THEN 4
            WHEN pass = 'loop-vectorize' THEN 5
            WHEN pass = 'inline' THEN 6
            WHEN pass = 'licm' THEN 7
            WHEN pass IN ('loop-unroll', 'transform-warning', 'loop-interchange') THEN 8
            WHEN pass = 'slp-vectorizer' THEN 9
            ELSE 10 END AS weight,
       pass, name, words, line, count
FROM (SELECT *, bool_or(name IN ('UnsupportedUncountableLoop', 'CantComputeNumberOfIterations'))
                OVER (PARTITION BY run_id, loop) AS endless FROM remark_words)
WHERE loop IS NOT NULL
  AND (tag IN ('Missed', 'Failure') OR tag LIKE 'Analysis%')
  AND pass NOT IN ('prologepilog', 'asm-printer', 'size-info', 'stack-frame-layout')
  AND NOT (tag = 'Analysis' AND pass IN ('inline', 'regalloc', 'gvn'))
