-- finds: time in a library, outside the program's own code
-- refuted-by: without the calls the time stays
-- source: perf-record(1); the calls are those of the program's machine code
WITH calling AS (
    SELECT i.run_id, regexp_extract(i.operands, '<([^>+@]+)', 1) AS callee, i.symbol AS caller,
           i.file || ':' || i.line AS place, coalesce(max(e.count), 0) AS weight, bool_or(i.loop IS NOT NULL) AS looped
    FROM instructions i LEFT JOIN execution e ON e.run_id = i.run_id AND e.file = i.file AND e.line = i.line
    WHERE i.kind = 'call' GROUP BY ALL
), most AS (
    -- the library calls the inner function by another name: __exp_fma for exp
    SELECT h.run_id, h.id, arg_max(c.caller, c.weight) AS caller, arg_max(c.place, c.weight) AS place, arg_max(c.callee, c.weight) AS callee, arg_max(c.looped, c.weight) AS looped
    FROM h JOIN calling c ON c.run_id = h.run_id AND length(c.callee) >= 3
     AND (c.callee IN ('memcpy', 'memmove') AND regexp_matches(h.symbol, '^_*mem(move|cpy)')
          OR c.callee = regexp_replace(h.symbol, '@.*', '') OR regexp_matches(h.symbol, '^_*(ieee754_)?' || regexp_escape(c.callee) || '(_|$)'))
    WHERE h.loop IS NULL AND NOT h.own GROUP BY ALL
), named AS (
    -- calls that go away together: whoever keeps memory neither asks for it nor gives it back, and a lock is taken and let go
    SELECT *, coalesce(via, regexp_replace(function, '@.*', '')) AS name,
           CASE WHEN regexp_matches(name, '^_*(malloc|calloc|realloc|c?free|Zn[wa]m.*|Zd[la]Pv.*)$') THEN 'memory' ELSE regexp_replace(name, '(_mutex|_spin|_rwlock)_.*', '\1') END AS family
    FROM callers
), asked AS (
    -- which function of the library the program calls, when this one of its own runs
    SELECT run_id, id, arg_max(name, (n, name, caller)) AS name, arg_max(family, (n, name, caller)) AS family, arg_max(caller, (n, name, caller)) AS caller, arg_max(caller_loop, (n, name, caller)) AS caller_loop
    FROM (SELECT h.run_id, h.id, c.name, c.family, c.caller, arg_max(c.caller_loop, c.count) AS caller_loop, sum(c.count) AS n
          FROM h JOIN named c ON c.run_id = h.run_id AND c.loop IS NULL AND c.function = h.symbol AND c.object = h.object
          WHERE h.loop IS NULL AND NOT h.own AND h.object NOT LIKE '[%' AND c.caller IS NOT NULL GROUP BY ALL)
    GROUP BY ALL
), under AS (
    -- all that lies under such calls, also what is spread over rows too small to be places, and the kernel's part
    SELECT run_id, family, caller, sum(count) / any_value(total) AS part FROM named JOIN (SELECT run_id, sum(count) AS total FROM callers GROUP BY run_id) USING (run_id) WHERE via IS NOT NULL GROUP BY ALL
), together AS (
    SELECT a.run_id, a.id, a.family, a.caller, a.caller_loop, first_value(a.id) OVER w AS head, sum(h.share) OVER w AS whole, count(*) OVER w AS members, list(regexp_replace(a.name, '_usercnt$', '')) OVER w AS names
    FROM asked a JOIN h USING (run_id, id) WINDOW w AS (PARTITION BY a.run_id, CASE WHEN a.name LIKE '\_Z%' ESCAPE '\' OR a.family = 'memory' THEN '' ELSE h.object END, a.family, a.caller ORDER BY a.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), around AS (
    -- a call costs the loop around it, too: registers are put away and taken back
    SELECT h.run_id, h.loop, h.share * least(0.5, (coalesce(h.stack_accesses, 0) + 3 * count(*)) / any_value(h.instructions)) AS part
    FROM h JOIN instructions i ON i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.kind = 'call' WHERE h.loop IS NOT NULL GROUP BY h.run_id, h.loop, h.share, h.stack_accesses
)
SELECT h.run_id, h.id, least(1, greatest(coalesce(g.whole, h.share), coalesce(u.part, 0)) + coalesce(r.part, 0)) AS of_time, coalesce(CASE WHEN regexp_matches(known, '^(__kmpc_|GOMP_)') THEN o.id END, nullif(g.head, h.id)) AS within, 0.8 AS strength,
       -- a vector form of a function of numbers gives eight of them in the time of half a one
       CASE WHEN regexp_matches(object, 'lib(m|mvec)[-.]') THEN 16 ELSE 'infinity'::DOUBLE END AS part,
       'time in ' || CASE WHEN len(list_distinct(g.names)) > 1 AND NOT sorts THEN array_to_string(list_sort(list_distinct(g.names))[1:3], ' and ') ELSE regexp_replace(known, '_usercnt$', '') END || CASE WHEN sorts THEN ', which joins what was given back before,' ELSE '' END || CASE WHEN known LIKE '\_Z%' ESCAPE '\' AND parse_filename(object) LIKE 'libc.so%' THEN '' ELSE ' of ' || parse_filename(object) END || CASE WHEN g.members > 1 THEN ' (' || printf('%.1f %%', 100 * g.whole) || CASE WHEN len(list_distinct(g.names)) > 1 THEN ' together)' ELSE ' with what it calls)' END ELSE '' END || coalesce(', ' || replace(h.called, ' by ' || known || ' in ', ' in '), ', called in ' || m.caller || ' (' || m.place || ')', '; by whom is not known') AS says,
       CASE WHEN regexp_matches(known, '^_*(floor|ceil|trunc|rint|nearbyint|round|roundeven|fma)f?(_|$)') AND EXISTS (FROM machine v WHERE v.run_id = h.run_id AND v.name = 'vector' AND v.value >= 256)
            THEN 'it is one instruction on this machine: build for processors that have it (-march=native, or -msse4.1, -mfma)'
            WHEN regexp_matches(known, 'flush|endl') THEN 'flush less often: ''\n'' in place of std::endl'
            WHEN regexp_matches(known, '^_*(IO_)?f?getc|^_*getchar') THEN 'read a block at a time (fread) and take the characters from it, or use getc_unlocked, which takes no lock'
            WHEN regexp_matches(known, '^(qsort|msort|bsearch)') THEN 'use a form whose comparison is inlined (std::sort, std::lower_bound, or one of your own), or sort by digits'
            WHEN regexp_matches(known, '^_*(pthread_(mutex|rwlock|spin)|lll_)') THEN 'take the lock less often: more work while it is held, a total for each thread, or an atomic'
            WHEN regexp_matches(known, '^(_Unwind|__cxa_(throw|begin_catch|allocate_exc)|__gxx_pers)') THEN 'an exception takes microseconds: return a status (std::optional, std::expected) for what happens often'
            WHEN regexp_matches(known, 'dynamic_cast') THEN 'keep the type in the object, or call a virtual function, in place of asking for the type each time'
            WHEN regexp_matches(known, '^_ZNS[iod]|stringstream|stringbuf|[io]stream|num_get|num_put|locale|use_facet|sentry') THEN 'make a stream once and use it again, or read and write numbers with std::from_chars and std::to_chars'
            WHEN regexp_matches(known, 'basic_string.*7compare|^_ZSteq|char_traits.*7compare') THEN 'compare single characters or lengths first (s[0] == c), or keep a number for each text that is compared often'
            WHEN regexp_matches(known, 'basic_string|_M_append|_M_replace|_M_mutate|_M_create') THEN 'reserve, append in place (s += x), and pass std::string_view'
            WHEN regexp_matches(known, '^_*(clock_gettime|gettimeofday|time|vdso)') THEN 'ask for the time less often'
            WHEN regexp_matches(known, '^_*((v|f|s|vf|vs)?n?printf|puts|put[cs]|fwrite|fput|write|_?IO_)') THEN 'write less, or make the text yourself (std::to_chars) and write it in large pieces'
            WHEN regexp_matches(known, '^_*(malloc|calloc|realloc|c?free|int_(malloc|free)|_Znwm|_ZdlPv|tcache|unlink_chunk|sysmalloc|systrim)') OR sorts THEN 'ask for memory less often: keep objects, reserve, or take many at once (an arena)'
            WHEN regexp_matches(known, '^_*strn?cat') THEN 'remember where the text ends and append there: strcat looks for the end from the beginning, each time'
            WHEN regexp_matches(known, '^_*(mem(cpy|move|set)|str(cpy|cat))') THEN 'copy less: move, keep in place, or copy only what is used'
            WHEN regexp_matches(known, '^_*(strto|ato[ifl]|(s|f|vs)?scanf)') THEN 'read numbers with std::from_chars or a reader of your own, which know no locale'
            WHEN regexp_matches(known, '^_*(s?rand|random|drand|lrand)') THEN 'use a generator of your own (xorshift), which can be inlined and takes no lock'
            WHEN regexp_matches(known, '^_*powf?$') AND regexp_matches(x.text, 'powf?\s*\(.*,\s*-?[0-9]*\.5f?\s*\)') THEN 'take multiplications and a square root for an exponent of a half, or of so many and a half: x * sqrt(x) for pow(x, 1.5)'
            WHEN regexp_matches(known, '^_*powf?$') AND regexp_matches(x.text, 'powf?\s*\(.*,\s*-?[0-9]+(\.0*)?f?\s*\)') THEN 'multiply for a whole exponent: x * x * x for pow(x, 3)'
            WHEN regexp_matches(object, 'lib(m|mvec)[-.]') AND NOT coalesce(m.looped, false) THEN 'call it less often (keep what it gave for what comes again), or use a cheaper function or a table'
            WHEN regexp_matches(object, 'lib(m|mvec)[-.]') THEN 'use a vector form of it (-fveclib=libmvec with -ffast-math), a cheaper function, or a table'
            WHEN regexp_matches(known, '^_*(str|mem)(len|cmp|chr|rchr|str|mem)') THEN 'keep the length or a hash beside the text, so that it need not be looked through'
            ELSE 'call it less often, or use another form of it (a vector one, one for the known size)' END AS helps, NULL AS flags,
       [{'rows': 'SELECT * FROM sample_shares WHERE function = ''' || replace(h.symbol, '''', '''''') || '''', 'says': samples || ' samples'}] AS evidence
FROM (SELECT h.*, regexp_matches(h.symbol, '^_*(malloc_consolidate|unlink_chunk)') AS sorts,
             -- the allocator puts in order what was freed when somebody asks for memory, whoever that is
             CASE WHEN sorts THEN regexp_replace(h.symbol, '[@.].*', '') ELSE coalesce(m.callee, a.name, regexp_replace(h.symbol, '@.*', '')) END AS known
      FROM h LEFT JOIN most m USING (run_id, id) LEFT JOIN asked a USING (run_id, id)) h
LEFT JOIN most m USING (run_id, id) LEFT JOIN together g USING (run_id, id) LEFT JOIN source x ON x.run_id = h.run_id AND x.file || ':' || x.line = m.place
LEFT JOIN under u ON u.run_id = h.run_id AND u.family = g.family AND u.caller = g.caller LEFT JOIN around r ON r.run_id = h.run_id AND r.loop = g.caller_loop
-- what OpenMP's runtime calls is part of it
LEFT JOIN (SELECT run_id, min(id) AS id FROM h WHERE loop IS NULL AND regexp_matches(parse_filename(object), '^lib(g|i)?omp') GROUP BY ALL) o ON o.run_id = h.run_id
WHERE h.loop IS NULL AND NOT own AND object NOT LIKE '[%' AND h.share >= 0.05 AND NOT regexp_matches(parse_filename(object), '^lib(g|i)?omp')
