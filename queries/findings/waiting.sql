-- finds: threads of OpenMP wait for one another at the ends of parallel loops
-- refuted-by: with one parallel region round them, or with fewer threads, the library takes as long
-- source: OpenMP 5.2, 15.3 (barriers); KMP_BLOCKTIME in the LLVM OpenMP runtime reference
WITH whole AS (
    SELECT run_id, sum(share) AS share, min(id) AS id, count(*) AS places FROM h
    WHERE loop IS NULL AND regexp_matches(parse_filename(object), '^lib(g|i)?omp') GROUP BY run_id
), others AS (
    -- no processor was idle, and the program did not have them all: what it waits for may be other programs
    SELECT r.run_id, r.cores, median((t.user + t.system) / t.wall) AS had
    FROM timings t JOIN runs r USING (run_id) WHERE t.wall > 0 GROUP BY ALL
    HAVING had < 0.8 * r.cores AND median(t.idle / t.wall) < 0.05
)
SELECT h.run_id, h.id, least(1, w.share) AS of_time, CASE WHEN o.had IS NULL THEN 0.85 ELSE 0.6 END AS strength, 'infinity'::DOUBLE AS part,
       CASE WHEN regexp_matches(called, 'critical|lock|ordered') THEN 'threads wait for one another at a critical section, in ' ELSE 'threads start, meet and wait for one another in ' END || parse_filename(object) || CASE WHEN w.places > 1 THEN ' (' || printf('%.1f %%', 100 * w.share) || ' in all)' ELSE '' END
       || coalesce(', ' || replace(called, 'called by __kmpc_fork_call ', 'at the parallel loops '), '')
       || CASE WHEN o.had IS NULL THEN '' ELSE '; but other programs ran meanwhile, and it had ' || printf('%.1f of %d', o.had, o.cores) || ' processors' END AS says,
       CASE WHEN o.had IS NOT NULL THEN 'measure it once more on an idle machine'
            WHEN regexp_matches(called, 'critical|lock|ordered|atomic') THEN 'let each thread add up for itself, and join the sums at the end (reduction), or keep what is done under the lock small'
            ELSE 'give each thread more to do between two meetings (one parallel region round the outer loop, larger pieces, an even schedule), or start fewer threads than there are idle processors (OMP_NUM_THREADS)' END AS helps,
       NULL AS flags, nullif(w.id, h.id) AS within,
       [{'rows': 'FROM callers WHERE object LIKE ''%' || parse_filename(object) || '''', 'says': h.samples || ' samples'}] AS evidence
FROM h JOIN whole w USING (run_id) LEFT JOIN others o USING (run_id) WHERE loop IS NULL AND regexp_matches(parse_filename(object), '^lib(g|i)?omp')
