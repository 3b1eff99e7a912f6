-- purpose: what the optimiser says it did to each loop: vector width, interleaving, unrolling
-- grain: loop with at least one such remark
-- columns: run_id, loop, vector_width, interleave, unroll, done
-- A loop that was cloned, or inlined into several callers, shows the largest of each.
SELECT run_id, loop,
       max(CASE WHEN pass IN ('loop-vectorize', 'slp-vectorizer')
           THEN TRY_CAST(list_filter(args, lambda a: a.key = 'VectorizationFactor')[1].value AS INTEGER) END) AS vector_width,
       max(CASE WHEN pass = 'loop-vectorize'
           THEN TRY_CAST(list_filter(args, lambda a: a.key = 'InterleaveCount')[1].value AS INTEGER) END) AS interleave,
       max(CASE WHEN pass = 'loop-unroll' AND name <> 'FullyUnrolled'
           THEN TRY_CAST(list_filter(args, lambda a: a.key = 'UnrollCount')[1].value AS INTEGER)
           WHEN pass = 'loop-unroll'
           THEN TRY_CAST(list_filter(args, lambda a: a.key = 'UnrollCount')[1].value AS INTEGER) END) AS unroll,
       list(DISTINCT pass || ':' || name ORDER BY pass || ':' || name) AS done
FROM remarks
WHERE tag = 'Passed' AND loop IS NOT NULL
  AND pass IN ('loop-vectorize', 'slp-vectorizer', 'loop-unroll', 'loop-interchange', 'loop-delete',
               'loop-idiom', 'loop-distribute', 'loop-flatten', 'licm', 'inline', 'gvn', 'simple-loop-unswitch')
GROUP BY run_id, loop
