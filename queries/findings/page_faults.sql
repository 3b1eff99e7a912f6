-- finds: time in the kernel: memory is asked of it anew and given back, page by page
-- refuted-by: with memory that is kept (a higher M_TRIM_THRESHOLD and M_MMAP_THRESHOLD) the time stays
-- source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD; perf-stat(1), page-faults
WITH faults AS (
    SELECT run_id, max(value) FILTER (event = 'page-faults') AS faults FROM counters GROUP BY run_id
), resident AS (
    SELECT run_id, max(max_rss) AS rss FROM timings GROUP BY run_id
), asked AS (
    -- who asks for memory: calls of an allocator that are not in it, as the samples go
    SELECT run_id, arg_max(symbol, weight) AS caller, arg_max(place, weight) AS asked_at
    FROM (SELECT i.run_id, i.symbol, min(i.file || ':' || i.line) AS place, coalesce(max(e.count), 0) AS weight
          FROM instructions i LEFT JOIN execution e ON e.run_id = i.run_id AND e.file = i.file AND e.line = i.line
          WHERE i.kind = 'call' AND regexp_matches(i.operands, '<(_Znwm|_Znam|malloc|calloc|realloc|mmap|posix_memalign|aligned_alloc)(@|>)') GROUP BY ALL) GROUP BY run_id
)
SELECT h.run_id, id,
       -- what has just come from the kernel is in no cache: loops that use it may gain, too
       -- and whoever keeps its memory has neither faults nor mappings
       CASE WHEN again THEN greatest(share, of_memory) ELSE share END + least(coalesce(gain, 0), share) AS of_time, CASE WHEN again THEN 0.9 ELSE 0.6 END AS strength, CASE WHEN again THEN 'infinity'::DOUBLE END AS part,
       CASE WHEN function = 'memory mapping' THEN 'memory is mapped and given back to the kernel' || coalesce(', ' || called, '')
            ELSE printf('%.0f', faults) || ' page faults: ' || CASE WHEN again THEN 'memory is asked of the kernel anew' || coalesce(' in ' || caller || ' (' || asked_at || ')', '')
                 ELSE 'the memory that the program uses is touched for the first time' END || coalesce(', ' || called, '') END AS says,
       CASE WHEN again AND regexp_matches(called, 'basic_string|9_M_append') THEN 'append in place (s += x, after reserve) in place of making a new text each time'
            WHEN again THEN 'keep the memory: a buffer that outlives the step, or GLIBC_TUNABLES=glibc.malloc.trim_threshold and mmap_threshold higher'
            ELSE 'use less memory, or huge pages; in a longer run it counts for less' END AS helps, NULL AS flags,
       head AS within, [{'rows': 'FROM counters WHERE event = ''page-faults''', 'says': printf('%.0f', faults) || ' page faults a run'},
        {'rows': 'SELECT max(max_rss) AS bytes FROM timings', 'says': 'resident at most: ' || coalesce(printf('%.0f MB', rss / 1e6), 'not known')}] AS evidence
FROM (SELECT h.*, nullif(min(id) FILTER (object = '[kernel]' AND function IN ('page faults', 'memory mapping') AND share >= 0.05) OVER (PARTITION BY h.run_id), id) AS head, sum(share) FILTER (object = '[kernel]' AND function IN ('page faults', 'memory mapping')) OVER (PARTITION BY h.run_id) AS of_memory, f.faults, r.rss, a.*  EXCLUDE (run_id),
             -- resident size is not known of a program smaller than corr, of some 100 MB
             coalesce(f.faults * 4096 > 2 * r.rss, f.faults * 4096 > 250e6 OR a.caller IS NOT NULL AND f.faults * 4096 > 160e6) AS again
      FROM h JOIN faults f USING (run_id) LEFT JOIN resident r USING (run_id) LEFT JOIN asked a USING (run_id)) h
LEFT JOIN (SELECT run_id, sum(share * (1 - reach / now)) AS gain FROM h WHERE reach < now AND stores > 0 GROUP BY run_id) g USING (run_id)
WHERE object = '[kernel]' AND function IN ('page faults', 'memory mapping', 'all system calls and faults') AND share >= 0.05 AND faults > 1000
