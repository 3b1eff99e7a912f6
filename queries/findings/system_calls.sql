-- finds: time in the kernel for system calls: input and output, waiting, processes
-- refuted-by: with fewer and larger calls the time stays
-- source: syscalls(2); perf-record(1), call chains
SELECT h.run_id, id, 0.7 AS strength, 'infinity'::DOUBLE AS part,
       'time in the kernel for ' || function || coalesce(', ' || called, '') AS says,
       CASE function WHEN 'input and output' THEN CASE WHEN regexp_matches(called, ' fflush') THEN 'flush less often: where somebody waits for what was written, or at the end' WHEN regexp_matches(called, 'flush|endl') THEN 'flush less often: ''\n'' in place of std::endl' ELSE 'read and write in larger pieces: a buffer, or a mapped file' END
                     WHEN 'scheduling and waiting' THEN 'wait and wake less often: larger pieces of work for each thread, fewer locks'
                     WHEN 'starting and ending processes' THEN 'start fewer processes and threads, keep them'
                     ELSE 'call less often' END AS helps, NULL AS flags,
       [{'rows': 'FROM callers WHERE kernel = ''' || function || '''', 'says': samples || ' samples'}] AS evidence
FROM h
WHERE object = '[kernel]' AND share >= 0.05
  AND function IN ('input and output', 'scheduling and waiting', 'starting and ending processes', 'other system calls')
