-- purpose: who called what was sampled
-- grain: sampled place (as in sample_shares) x caller x what the caller called
-- columns: loop, function, object, kernel, via, caller, caller_loop, file, line, count, period
-- The caller is the nearest frame in the program's own sources that is another function: recursion
-- and what templates of a library consist of are passed over. `via` is what the caller called, where
-- that led into a library: malloc, and not what malloc consists of.
CREATE TEMP TABLE leaves AS
SELECT s.stack, s.count, s.period, f.loop, f.own, f.symbol,
       CASE WHEN f.loop IS NULL THEN coalesce(s.kernel, f.function, f.symbol, '[unknown]') END AS function,
       CASE WHEN f.loop IS NULL THEN f.object END AS object, s.kernel
FROM stacks s JOIN stack_frames_out f ON f.stack = s.stack AND f.position = 0;

CREATE TEMP TABLE caller_frames AS
SELECT l.stack, coalesce(min(f.position) FILTER (f.file NOT LIKE '/%'), min(f.position)) AS position
FROM leaves l JOIN stack_frames_out f ON f.stack = l.stack AND f.position > 0 AND f.own
WHERE f.function IS NOT NULL AND NOT (l.own AND f.symbol IS NOT DISTINCT FROM l.symbol)
GROUP BY l.stack;

CREATE TEMP TABLE called_libraries AS
SELECT c.stack, arg_max(f.symbol, f.position) AS symbol
FROM caller_frames c JOIN stack_frames_out f ON f.stack = c.stack AND f.position < c.position
WHERE NOT f.own AND f.object NOT LIKE '[%' GROUP BY c.stack;

-- glibc's functions have many names, and perf takes any of them: a program calls fflush, not _IO_fflush
CREATE TEMP TABLE library_names AS
SELECT symbol, coalesce(nullif(regexp_extract(bare, '^_*((mem|str|wcs|wmem)[a-z]+)_(avx|sse|ssse|evex|erms|unaligned|generic|sve|mops)', 1), ''),
                        nullif(regexp_extract(bare, '^_*((strto|wcsto)[a-z]+?)_(l_)?internal$', 1), ''),
                        nullif(regexp_extract(bare, '^_*(pthread_[a-z_]+?)(_usercnt|_full)?$', 1), ''),
                        nullif(regexp_extract(bare, '^_*(?:ieee754_)?([a-z0-9]+)_(?:fma4?|avx2?|sse2|sse41)$', 1), ''),
                        CASE bare WHEN 'cfree' THEN 'free' ELSE bare END) AS name
FROM (SELECT DISTINCT symbol, regexp_replace(regexp_replace(symbol, '@.*', ''), '^(__GI_+)?(__libc_|_IO_|__isoc99_|__isoc23_)?([a-z])', '\3') AS bare
      FROM called_libraries);

CREATE TEMP TABLE callers_out AS
SELECT l.loop, l.function, l.object, l.kernel, n.name AS via, f.function AS caller,
       f.loop AS caller_loop, f.file, f.line,
       sum(l.count)::BIGINT AS count, sum(l.period)::BIGINT AS period
FROM leaves l LEFT JOIN caller_frames c USING (stack)
LEFT JOIN stack_frames_out f ON f.stack = c.stack AND f.position = c.position
LEFT JOIN called_libraries v ON v.stack = c.stack
LEFT JOIN library_names n ON n.symbol = v.symbol
GROUP BY ALL ORDER BY count DESC, l.loop, l.function, via, caller, f.line;
