-- purpose: what the optimiser says it did to each loop: vector width, interleaving, unrolling
-- grain: loop with at least one such remark
-- columns: run_id, loop, vector_width, interleave, unroll, beside, unrolled_fully, done
-- A loop that was cloned, or inlined into several callers, shows the largest of each. The full
-- unrolling of a vectorised loop's remainder, or of a copy, is not the loop's own: `unrolled_fully` has its
-- turns, and with the elements of a vector they are all turns of the loop where it is the loop's own.
-- What is unrolled by a count that only the run tells is, beside vectors, the scalar version for arrays
-- that overlap: `beside`, which `unroll` leaves out.
SELECT run_id, loop,
       max(CASE WHEN pass IN ('loop-vectorize', 'slp-vectorizer')
           THEN TRY_CAST(list_filter(args, lambda a: a.key = 'VectorizationFactor')[1].value AS INTEGER) END) AS vector_width,
       max(CASE WHEN pass = 'loop-vectorize'
           THEN TRY_CAST(list_filter(args, lambda a: a.key = 'InterleaveCount')[1].value AS INTEGER) END) AS interleave,
       CASE WHEN bool_or(pass = 'loop-vectorize' AND name IN ('Vectorized', 'Interleaved')) THEN max(CASE WHEN name = 'PartialUnrolled' AND NOT at_run_time THEN unroll_count END)
            WHEN bool_or(name = 'PartialUnrolled') THEN max(CASE WHEN name = 'PartialUnrolled' THEN unroll_count END)
            ELSE max(CASE WHEN unroll_count > 1 THEN unroll_count END) END AS unroll,
       CASE WHEN bool_or(pass = 'loop-vectorize' AND name IN ('Vectorized', 'Interleaved')) THEN max(CASE WHEN at_run_time THEN unroll_count END) END AS beside,
       max(CASE WHEN name = 'FullyUnrolled' THEN unroll_count END) AS unrolled_fully,
       list(DISTINCT pass || ':' || name ORDER BY pass || ':' || name) AS done
FROM (SELECT *, CASE WHEN pass = 'loop-unroll' THEN TRY_CAST(
                  list_filter(args, lambda a: a.key = 'UnrollCount')[1].value AS INTEGER) END AS unroll_count,
             pass = 'loop-unroll' AND len(list_filter(args, lambda a: contains(a.value, 'run-time trip count'))) > 0 AS at_run_time
      FROM remarks)
WHERE tag = 'Passed' AND loop IS NOT NULL
  AND pass IN ('loop-vectorize', 'slp-vectorizer', 'loop-unroll', 'loop-interchange', 'loop-delete',
               'loop-idiom', 'loop-distribute', 'loop-flatten', 'licm', 'inline', 'gvn', 'simple-loop-unswitch')
GROUP BY run_id, loop
