-- finds: the loop has vectors for arrays that lie apart, and runs without them, as they overlap
-- refuted-by: with a loop of its own for arrays that are the same, or with the loop's independence declared, it takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), runtime checks of pointers
WITH versions AS (
    SELECT run_id, loop, sum(samples) FILTER (coalesce(vector_bits, 0) = 0) AS scalar, coalesce(sum(samples) FILTER (vector_bits > 0), 0) AS vector
    FROM machine_loops WHERE loop IS NOT NULL AND innermost GROUP BY ALL HAVING count(*) FILTER (vector_bits > 0) > 0
)
SELECT h.run_id, id, 0.95 AS strength, now / reach AS part,
       'the compiler made vectors of it, for arrays that do not overlap: ' || round(100 * scalar / (scalar + vector))::INTEGER || ' % of the time is in the version without them, which runs where they do' AS says,
       'give the case that the output is one of the inputs a loop of its own, or declare that iterations are independent (#pragma clang loop vectorize(assume_safety)), where that is true' AS helps,
       NULL AS flags,
       [{'rows': 'SELECT printf(''%x'', machine_loop) AS at, vector_bits, samples FROM machine_loops WHERE ' || here, 'says': scalar || ' of ' || scalar + vector || ' samples without vectors'}] AS evidence
FROM h JOIN versions v USING (run_id, loop)
-- with few turns it is the remainder that runs; one that only copies has no arithmetic to tell
WHERE vector_width > 1 AND trip_count >= 8 * vector_width AND scalar >= 0.8 * (scalar + vector) AND scalar >= 20
  AND vector_bits = 0 AND stores > stack_accesses
