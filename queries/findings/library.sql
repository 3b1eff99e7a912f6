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
    SELECT h.run_id, h.id, arg_max(c.caller, c.weight) AS caller, arg_max(c.place, c.weight) AS place, arg_max(c.callee, c.weight) AS callee, arg_max(c.looped, c.weight) AS looped, max(c.weight) AS weight
    FROM h JOIN calling c ON c.run_id = h.run_id AND length(c.callee) >= 3
     AND (c.callee IN ('memcpy', 'memmove') AND regexp_matches(h.symbol, '^_*mem(move|cpy)') OR c.callee = 'bcmp' AND regexp_matches(h.symbol, '^_*memcmp')
          OR c.callee = regexp_replace(h.symbol, '@.*', '') OR regexp_matches(h.symbol, '^_*(ieee754_)?' || regexp_escape(c.callee) || '(_|$)'))
    WHERE h.loop IS NULL AND NOT h.own GROUP BY ALL
), named AS (
    -- calls that go away together: whoever keeps memory neither asks for it nor gives it back, and a lock is taken and let go
    SELECT *, coalesce(via, regexp_replace(function, '@.*', '')) AS name,
           CASE WHEN regexp_matches(name, '^_*(malloc|calloc|realloc|c?free|Zn[wa]m.*|Zd[la]Pv.*)$') THEN 'memory' WHEN regexp_matches(name, '^_*(to(lower|upper)|is(alnum|alpha|cntrl|digit|graph|lower|print|punct|space|upper|xdigit))$') THEN 'characters' ELSE regexp_replace(name, '(_mutex|_spin|_rwlock)_.*', '\1') END AS family
    FROM callers
), asked AS (
    -- which function of the library the program calls, when this one of its own runs
    SELECT run_id, id, arg_max(name, (n, name, caller)) AS name, arg_max(family, (n, name, caller)) AS family, arg_max(caller, (n, name, caller)) AS caller, arg_max(caller_loop, (n, name, caller)) AS caller_loop, arg_max(spot, (n, name, caller)) AS spot
    FROM (SELECT h.run_id, h.id, c.name, c.family, c.caller, arg_max(c.caller_loop, c.count) AS caller_loop, arg_max({'file': c.file, 'line': c.line}, c.count) AS spot, sum(c.count) AS n
          FROM h JOIN named c ON c.run_id = h.run_id AND c.loop IS NULL AND c.function = h.symbol AND c.object = h.object
          WHERE h.loop IS NULL AND NOT h.own AND h.object NOT LIKE '[%' AND c.caller IS NOT NULL GROUP BY ALL)
    GROUP BY ALL
), alone AS (
    -- lines from which the program calls one function of a library: that is its name there
    SELECT run_id, file, line, min(regexp_extract(operands, '<([^>+@]+)', 1)) AS callee FROM instructions
    WHERE kind IN ('call', 'jump') AND contains(operands, '@plt>') GROUP BY ALL HAVING count(DISTINCT regexp_extract(operands, '<([^>+@]+)', 1)) = 1
), under AS (
    -- all that lies under such calls, also what is spread over rows too small to be places, and the kernel's part
    SELECT run_id, family, caller, sum(count) / any_value(total) AS part FROM named JOIN (SELECT run_id, sum(count) AS total FROM callers GROUP BY run_id) USING (run_id) WHERE via IS NOT NULL GROUP BY ALL
), together AS (
    SELECT a.run_id, a.id, a.family, a.caller, a.caller_loop, first_value(a.id) OVER w AS head, sum(h.share) OVER w AS whole, count(*) OVER w AS members, list(regexp_replace(a.name, '_usercnt$', '')) OVER w AS names
    FROM asked a JOIN h USING (run_id, id) WINDOW w AS (PARTITION BY a.run_id, CASE WHEN a.name LIKE '\_Z%' ESCAPE '\' OR a.family = 'memory' THEN '' ELSE h.object END, a.family, a.caller ORDER BY a.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), around AS (
    -- a call costs the loop around it, too: registers are put away and taken back
    SELECT h.run_id, i.loop, h.id, h.share, h.share * least(0.5, (coalesce(h.stack_accesses, 0) + 3 * count(*)) / any_value(h.instructions)) AS part
    FROM h JOIN instructions i ON i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.kind = 'call' WHERE h.loop IS NOT NULL GROUP BY h.run_id, i.loop, h.id, h.share, h.stack_accesses
), made AS (
    -- loops that the compiler made a call of: how often they ran, and how far
    SELECT DISTINCT t.run_id, t.loop_key AS loop, t.entries, t.mean_trip_count AS length FROM trips t
    JOIN remarks r ON r.run_id = t.run_id AND r.loop = t.loop_key AND r.pass = 'loop-idiom'
), each AS (
    -- functions that work on memory, called for so little that the call takes most of it
    SELECT h.run_id, h.id, coalesce(d.entries, m.weight) AS many, d.length, h.seconds * h.clock / many AS took, w.id AS around, w.share + coalesce(x.share, 0) AS beside
    FROM h JOIN most m USING (run_id, id) LEFT JOIN asked a USING (run_id, id) LEFT JOIN made d ON d.run_id = h.run_id AND d.loop = a.caller_loop
    LEFT JOIN around w ON w.run_id = h.run_id AND w.loop = a.caller_loop LEFT JOIN (SELECT run_id, loop, any_value(share) AS share FROM h GROUP BY ALL) x ON x.run_id = d.run_id AND x.loop = d.loop
    WHERE h.symbol NOT LIKE '%@plt' AND regexp_matches(m.callee, '^_*(b|mem)(cpy|move|set|cmp)$') AND many >= 100000 AND took < 25 AND coalesce(d.length, 0) < 64
), stubs AS (
    -- the jump into the library is part of the call
    SELECT h.run_id, h.id, min(l.id) AS head FROM h JOIN h l ON l.run_id = h.run_id AND l.loop IS NULL AND NOT l.own AND l.id <> h.id AND l.symbol NOT LIKE '%@plt'
    LEFT JOIN most m ON m.run_id = l.run_id AND m.id = l.id LEFT JOIN asked a ON a.run_id = l.run_id AND a.id = l.id
    WHERE h.symbol LIKE '%@plt' AND list_contains([m.callee, a.name, CASE m.callee WHEN 'memcmp' THEN 'bcmp' END], replace(h.symbol, '@plt', '')) GROUP BY ALL
)
SELECT h.run_id, h.id, least(1, greatest(coalesce(g.whole, h.share), CASE WHEN known LIKE '%memset' THEN 0 ELSE coalesce(u.part, 0) END) + coalesce(p.share, 0) + coalesce(e.beside, CASE WHEN r.share < h.share THEN r.share ELSE r.part END, 0)) AS of_time, coalesce(s.head, CASE WHEN regexp_matches(known, '^(__kmpc_|GOMP_)') THEN o.id END, nullif(g.head, h.id)) AS within, 0.8 AS strength,
       -- what is called less often, or replaced by what is added from turn to turn, takes no time
       'infinity'::DOUBLE AS part,
       'time in ' || CASE WHEN len(list_distinct(g.names)) > 1 AND NOT sorts THEN array_to_string(list_sort(list_distinct(g.names))[1:3], ' and ') ELSE regexp_replace(known, '_usercnt$', '') END || CASE WHEN sorts THEN ', which joins what was given back before,' ELSE '' END || CASE WHEN known LIKE '\_Z%' ESCAPE '\' AND parse_filename(object) LIKE 'libc.so%' THEN '' ELSE ' of ' || parse_filename(object) END || CASE WHEN of_time > h.share + 0.01 THEN ' (' || printf('%.1f %%', 100 * of_time) || CASE WHEN len(list_distinct(g.names)) > 1 THEN ' together)' WHEN e.id IS NULL AND u.part > h.share THEN ' with what it calls)' ELSE ' with what goes with it)' END ELSE '' END || CASE WHEN e.id IS NOT NULL THEN ': ' || printf('%.1f million', e.many / 1e6) || ' calls of ' || printf('%.0f', e.took) || ' cycles each, ' || CASE WHEN e.length IS NOT NULL THEN 'made of a loop of ' || printf('%.1f', e.length) || ' turns on average' ELSE 'for a few bytes at a time' END ELSE '' END
       || CASE WHEN measures THEN ', which looks for the end of all that is left of the text, each time' ELSE '' END
       || coalesce(', ' || replace(replace(h.called, ' by ' || coalesce(h.via, known) || ' in ', ' in '), ' by ' || known || ' in ', ' in '), ', called in ' || m.caller || ' (' || m.place || ')', '; by whom is not known') AS says,
       CASE WHEN regexp_matches(known, '^_*(floor|ceil|trunc|rint|nearbyint|round|roundeven|fma)f?(_|$)') AND EXISTS (FROM machine v WHERE v.run_id = h.run_id AND v.name = 'vector' AND v.value >= 256)
            THEN 'it is one instruction on this machine: build for processors that have it (-march=native, or -msse4.1, -mfma)'
            WHEN e.id IS NOT NULL AND regexp_matches(known, 'cmp$') THEN 'compare the first byte before the call, or whole words of 8 bytes that are always there (memcmp of a known size is inlined)'
            WHEN e.id IS NOT NULL THEN CASE WHEN known LIKE '%set' THEN 'fill' ELSE 'copy' END || ' a fixed number of bytes that is always enough (memcpy or memset of 8 or 16 is inlined; leave room behind the end)' || CASE WHEN e.length IS NOT NULL THEN ', or keep the loop (-fno-builtin)' ELSE ', or write the loop out, as the call costs more than the bytes' END
            WHEN measures THEN 'read with strtol, strtod or std::from_chars, which look at no more than the number and say where it ends'
            WHEN regexp_matches(known, '^_*(IO_)?(f?flush|flushall)(_unlocked)?$') THEN 'flush less often: where somebody waits for what was written, or at the end'
            WHEN regexp_matches(known, 'flush|endl') THEN 'flush less often: ''\n'' in place of std::endl'
            WHEN regexp_matches(known, '^_*(IO_)?f?getc|^_*getchar') THEN 'read a block at a time (fread) and take the characters from it, or use getc_unlocked, which takes no lock'
            WHEN regexp_matches(known, '^_*(IO_)?(f?putc|putchar)(_unlocked)?$') THEN 'gather characters in a buffer and write it as a whole (fwrite), or use putc_unlocked, which takes no lock'
            WHEN regexp_matches(known, '^_*(IO_)?(getline|getdelim|fgets)(_unlocked)?$') THEN 'read large blocks (fread, or a mapped file) and look for the ends of lines in them (memchr), without a copy of each line'
            WHEN regexp_matches(known, '^(qsort|msort|bsearch)') THEN 'use a form whose comparison is inlined (std::sort, std::lower_bound, or one of your own)' || CASE WHEN known LIKE 'bsearch%' THEN '' ELSE ', or sort by digits' END
            WHEN regexp_matches(known, '^_*(pthread_(mutex|rwlock|spin)|lll_)') THEN 'take the lock less often: more work while it is held, a total for each thread, or an atomic'
            WHEN regexp_matches(known, '^(_Unwind|__cxa_(throw|begin_catch|allocate_exc)|__gxx_pers)') THEN 'an exception takes microseconds: return a status (std::optional, std::expected) for what happens often'
            WHEN regexp_matches(known, 'dynamic_cast') THEN 'keep the type in the object, or call a virtual function, in place of asking for the type each time'
            WHEN regexp_matches(known, '^_ZNS[iod]|stringstream|stringbuf|[io]stream|num_get|num_put|locale|use_facet|sentry') THEN 'make a stream once and use it again, or read and write numbers with std::from_chars and std::to_chars'
            WHEN regexp_matches(known, 'basic_string.*7compare|^_ZSteq|char_traits.*7compare') THEN 'compare single characters or lengths first (s[0] == c), or keep a number for each text that is compared often'
            WHEN regexp_matches(known, 'basic_string.*(4find|5rfind|[0-9]find_)') THEN 'go on from where the last search ended, keep what was found, or split the text once; for one of several characters, a table of 256 entries'
            WHEN regexp_matches(known, 'basic_string|_M_append|_M_replace|_M_mutate|_M_create') THEN 'reserve, append in place (s += x), and pass std::string_view'
            WHEN regexp_matches(known, '_Hash_bytes') THEN 'hash less: keep the hash beside the text, take fewer of its bytes, or a cheaper function'
            WHEN regexp_matches(known, 'random_device') THEN 'ask the device once, for the seed of a generator (std::mt19937, xorshift)'
            WHEN regexp_matches(known, '^_*((local|gm)time|mktime|timegm|strftime|tz)') THEN 'work the calendar out once for each minute or day, and keep it: each call looks the time zone up, under a lock'
            WHEN regexp_matches(known, '^_*(clock_gettime|gettimeofday|time(@|$)|clock(@|$)|vdso)|NSt6chrono.*3nowEv') THEN 'ask for the time less often'
            WHEN regexp_matches(known, '^_*getenv') THEN 'ask for it once and keep it: the environment is gone through each time'
            WHEN regexp_matches(known, '^_*(vs|s)n?printf') THEN 'make the text yourself (std::to_chars, digits by a table): the format is read anew at each call'
            WHEN regexp_matches(known, '^_*(IO_)?((v|f|vf)?n?printf|puts|fputs|fwrite|write)') THEN 'write less, or make the text yourself (std::to_chars) and write it in large pieces'
            WHEN regexp_matches(known, '^_*(IO_)?(f?read|pread)(_unlocked)?$') THEN 'read larger pieces, and take what is needed from them'
            WHEN regexp_matches(known, '^_*(malloc|calloc|realloc|c?free|int_(malloc|free)|_Znwm|_ZdlPv|tcache|unlink_chunk|sysmalloc|systrim)') OR sorts THEN 'ask for memory less often: keep objects, reserve, or take many at once (an arena)'
            WHEN regexp_matches(known, '^_*strn?cat') THEN 'remember where the text ends and append there: strcat looks for the end from the beginning, each time'
            WHEN regexp_matches(known, '^_*st(r|p)ncpy') THEN 'copy as many bytes as there are (memcpy): strncpy fills all that is left of the room with zeros'
            WHEN regexp_matches(known, '^_*(wmem|mem)set|^_*bzero') THEN 'fill less: leave out what is written over anyway, or clear only what was used since'
            WHEN regexp_matches(known, '^_*(w?mem(p?cpy|move)|st[rp]cpy)') THEN 'copy less: move, keep in place, or copy only what is used'
            WHEN regexp_matches(known, '^_*(strto|ato[ifl]|(s|f|vs)?scanf)') THEN 'read numbers with std::from_chars or a reader of your own, which know no locale'
            WHEN regexp_matches(known, '^_*(to(lower|upper)|is(alnum|alpha|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|ctype_|tow(lower|upper)|isw[a-z]+)') THEN 'write it out for the characters that occur (c - ''A'' < 26u, c | 32) or keep a table of 256 bytes: that is inlined and has vectors, where the library asks its locale for each character'
            WHEN regexp_matches(known, '^_*(s?rand|random|drand|lrand)') THEN 'use a generator of your own (xorshift), where other numbers will do: it can be inlined and takes no lock'
            WHEN regexp_matches(known, '^_*powf?$') AND regexp_matches(x.text, 'powf?\s*\(.*,\s*-?[0-9]*\.5f?\s*\)') THEN 'take multiplications and a square root for an exponent of a half, or of so many and a half: x * sqrt(x) for pow(x, 1.5)'
            WHEN regexp_matches(known, '^_*powf?$') AND regexp_matches(x.text, 'powf?\s*\(.*,\s*-?[0-9]+(\.0*)?f?\s*\)') THEN 'multiply for a whole exponent: x * x * x for pow(x, 3)'
            WHEN regexp_matches(known, '^_*powf?$') AND regexp_matches(x.text, 'powf?\s*\([^,]*,\s*[a-z]\w*\s*\)') AND m.looped THEN 'keep the power of the turn before and multiply by the base, where the exponent counts up; else a vector form (-fveclib=libmvec with -ffast-math), or exp2 of a logarithm that is kept'
            WHEN regexp_matches(known, '^_*(fmod|remainder|drem)[fl]?(_finite)?$') THEN 'subtract x / n rounded down, times n (x - n * floor(x / n)), or count in whole numbers: fmod divides bit by bit'
            WHEN regexp_matches(object, 'lib(m|mvec)[-.]') AND NOT coalesce(m.looped, false) THEN 'call it less often (keep what it gave for what comes again), or use a cheaper function or a table'
            WHEN regexp_matches(object, 'lib(m|mvec)[-.]') THEN 'use a vector form of it (-fveclib=libmvec with -ffast-math), a cheaper function, or a table'
            WHEN regexp_matches(known, '^_*(str|mem)n?(case)?(cmp|coll)|^_*bcmp') THEN 'compare lengths, a hash or the first characters before the call, or keep a number for each text that is compared often'
            WHEN regexp_matches(known, '^_*(raw)?(str|mem)r?(chr|chrnul|str|mem|pbrk|c?spn|tok|sep)') THEN 'go on from where the last search ended and keep what was found, or go through the text once for all that is looked for'
            WHEN regexp_matches(known, '^_*(str|wcs)n?len') THEN 'keep the length beside the text, so that it need not be looked through'
            WHEN regexp_matches(known, '^_*popcount') THEN 'let the instruction for it be used: -mpopcnt (or -march=native)'
            WHEN regexp_matches(known, '^__u?(div|mod|divmod)ti[34]') THEN 'divide numbers of 64 bits where that is enough, or by a constant'
            WHEN regexp_matches(known, '^__tls_get_addr') THEN 'take the address of the thread''s variable once before the loop, or build with -ftls-model=initial-exec'
            WHEN regexp_matches(known, '^_*(fopen|fclose|open|close)(64)?$') THEN 'keep files open'
            WHEN regexp_matches(known, '^_*pthread_(create|join)') THEN 'keep threads, and hand them work'
            ELSE 'call it less often, or once for many' END AS helps, NULL AS flags,
       [{'rows': 'SELECT * FROM sample_shares WHERE function = ''' || replace(h.symbol, '''', '''''') || '''', 'says': samples || ' samples'}] AS evidence
FROM (SELECT h.*, a.name AS via, regexp_matches(h.symbol, '^_*(malloc_consolidate|unlink_chunk)') AS sorts,
             -- a text that is read as a file is measured first
             coalesce(regexp_matches(coalesce(m.callee, n.callee, a.name), 's(n|w)?scanf') AND regexp_matches(h.symbol, 'memchr|strlen'), false) AS measures,
             -- the allocator puts in order what was freed when somebody asks for memory, whoever that is
             CASE WHEN sorts THEN regexp_replace(h.symbol, '[@.].*', '') ELSE regexp_replace(coalesce(m.callee, n.callee, a.name, regexp_replace(h.symbol, '@.*', '')), '^__isoc(99|23)_|^bcmp$', CASE WHEN m.callee = 'bcmp' THEN 'memcmp' ELSE '' END) END AS known
      FROM h LEFT JOIN most m USING (run_id, id) LEFT JOIN asked a USING (run_id, id) LEFT JOIN alone n ON n.run_id = h.run_id AND n.file = a.spot.file AND n.line = a.spot.line) h
LEFT JOIN most m USING (run_id, id) LEFT JOIN together g USING (run_id, id) LEFT JOIN source x ON x.run_id = h.run_id AND x.file || ':' || x.line = m.place
LEFT JOIN under u ON u.run_id = h.run_id AND u.family = g.family AND u.caller = g.caller LEFT JOIN around r ON r.run_id = h.run_id AND r.loop = g.caller_loop
LEFT JOIN each e ON e.run_id = h.run_id AND e.id = h.id LEFT JOIN stubs s ON s.run_id = h.run_id AND s.id = h.id
LEFT JOIN (SELECT s.run_id, s.head, sum(p.share) AS share FROM stubs s JOIN h p USING (run_id, id) GROUP BY ALL) p ON p.run_id = h.run_id AND p.head = h.id
-- what OpenMP's runtime calls is part of it
LEFT JOIN (SELECT run_id, min(id) AS id FROM h WHERE loop IS NULL AND regexp_matches(parse_filename(object), '^lib(g|i)?omp') GROUP BY ALL) o ON o.run_id = h.run_id
WHERE h.loop IS NULL AND NOT own AND object NOT LIKE '[%' AND (h.share >= 0.05 OR s.head IS NOT NULL) AND NOT regexp_matches(parse_filename(object), '^lib(g|i)?omp')
