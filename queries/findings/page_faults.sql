-- finds: time in the kernel: memory is asked of it anew and given back, page by page
-- refuted-by: with memory that is kept (a higher M_TRIM_THRESHOLD and M_MMAP_THRESHOLD) the time stays
-- source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD; perf-stat(1), page-faults
WITH faults AS (
    SELECT run_id, max(value) FILTER (event = 'page-faults') AS faults FROM counters GROUP BY run_id
), resident AS (
    SELECT run_id, max(max_rss) AS rss FROM timings GROUP BY run_id
), asked AS (
    -- who asks for memory that has to come from the kernel, or gives it back: by the call chains
    -- (to give it back takes longer, and says less)
    SELECT run_id, arg_max(caller, n) AS caller, arg_max(place, n) AS asked_at, arg_max(released, n) AS released
    FROM (SELECT run_id, caller, arg_max(file || ':' || line, count) AS place, bool_and(regexp_matches(via, 'free|_Zd|munmap|trim')) AS released,
                 sum(count) * CASE WHEN released THEN 0.2 ELSE 1 END AS n FROM callers
          WHERE object = '[kernel]' AND function IN ('page faults', 'memory mapping') AND caller IS NOT NULL
            AND regexp_matches(via, '^_*(_Znwm|_Znam|_Zd[la]|malloc|calloc|realloc|c?free|mmap|munmap|posix_memalign|aligned_alloc)') GROUP BY ALL) GROUP BY run_id
    UNION ALL BY NAME
    -- or who calls an allocator, and more than once
    SELECT run_id, arg_max(symbol, weight) AS caller, arg_max(place, weight) AS asked_at
    FROM (SELECT i.run_id, i.symbol, min(i.file || ':' || i.line) AS place, coalesce(max(e.count), 0) AS weight
          FROM instructions i LEFT JOIN execution e ON e.run_id = i.run_id AND e.file = i.file AND e.line = i.line
          WHERE i.kind = 'call' AND regexp_matches(i.operands, '<(_Znwm|_Znam|malloc|calloc|realloc|mmap|posix_memalign|aligned_alloc)(@|>)') GROUP BY ALL)
    GROUP BY run_id HAVING max(weight) > 1
), known AS (
    SELECT run_id, first(caller ORDER BY released IS NULL) AS caller, first(asked_at ORDER BY released IS NULL) AS asked_at, first(released ORDER BY released IS NULL) AS released FROM asked GROUP BY run_id
), waiting AS (
    -- threads that wait do so for those that are at work
    SELECT run_id, sum(share) AS waits FROM h WHERE loop IS NULL AND (regexp_matches(parse_filename(object), '^lib(g|i)?omp') OR object = '[kernel]' AND function = 'scheduling and waiting') GROUP BY run_id
)
SELECT h.run_id, id,
       -- what has just come from the kernel is in no cache: loops that use it may gain, too
       -- and whoever keeps its memory has neither faults nor mappings
       (CASE WHEN again THEN greatest(share, of_memory) ELSE share END + least(coalesce(gain, 0), share)) / (1 - least(0.9, coalesce(waits, 0))) AS of_time, CASE WHEN again THEN 0.9 ELSE 0.6 END AS strength, CASE WHEN again THEN 'infinity'::DOUBLE END AS part,
       CASE WHEN function = 'memory mapping' THEN 'memory is mapped and given back to the kernel' || coalesce(', ' || called, '')
            ELSE printf('%.0f', faults) || ' page faults: ' || CASE WHEN again THEN CASE WHEN released THEN 'memory is given back to the kernel' ELSE 'memory is asked of the kernel anew' END || coalesce(' in ' || caller || ' (' || asked_at || ')', '') || CASE WHEN released THEN ' and asked of it again' ELSE '' END
                 ELSE 'the memory that the program uses is touched for the first time' END || coalesce(', ' || called, '') END AS says,
       CASE WHEN again AND regexp_matches(called, 'basic_string|9_M_append') THEN 'append in place (s += x, after reserve) in place of making a new text each time'
            WHEN again THEN 'keep the memory: a buffer that outlives the step, or GLIBC_TUNABLES=glibc.malloc.trim_threshold and mmap_threshold higher'
            ELSE 'use less memory, or huge pages; in a longer run it counts for less' END AS helps, NULL AS flags,
       head AS within, [{'rows': 'FROM counters WHERE event = ''page-faults''', 'says': printf('%.0f', faults) || ' page faults a run'},
        {'rows': 'SELECT max(max_rss) AS bytes FROM timings', 'says': 'resident at most: ' || coalesce(printf('%.0f MB', rss / 1e6), 'not known')}] AS evidence
FROM (SELECT h.*, nullif(min(id) FILTER (object = '[kernel]' AND function IN ('page faults', 'memory mapping') AND share >= 0.05) OVER (PARTITION BY h.run_id), id) AS head, sum(share) FILTER (object = '[kernel]' AND function IN ('page faults', 'memory mapping')) OVER (PARTITION BY h.run_id) AS of_memory, f.faults, r.rss, a.* EXCLUDE (run_id), w.waits,
             -- resident size is not known of a program smaller than corr, of some 100 MB
             coalesce(f.faults * 4096 > 2 * r.rss, f.faults * 4096 > 250e6 OR a.caller IS NOT NULL AND f.faults * 4096 > 160e6) AS again
      FROM h JOIN faults f USING (run_id) LEFT JOIN resident r USING (run_id) LEFT JOIN known a USING (run_id) LEFT JOIN waiting w USING (run_id)) h
LEFT JOIN (SELECT run_id, sum(share * (1 - reach / now)) AS gain FROM h WHERE reach < now AND stores > 0 GROUP BY run_id) g USING (run_id)
WHERE object = '[kernel]' AND function IN ('page faults', 'memory mapping', 'all system calls and faults') AND share >= 0.05 AND faults > 1000
