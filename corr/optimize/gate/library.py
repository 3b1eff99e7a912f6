"""Functions of the C library and its neighbours, by what they are for.

The gate for texts asks which names a change must not declare as its own; the gate for objects
which imports may come and go. A program that no longer asks for the time, or no longer prints,
is not the program that was timed and checked.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLOCKS = _words(
    """
    clock_gettime clock_getres gettimeofday time clock times getrusage timespec_get ftime
    clock_nanosleep nanosleep usleep sleep omp_get_wtime omp_get_wtick MPI_Wtime setitimer
    timer_create timer_gettime timer_settime
    """
)
#: The optimiser makes one of these of another: printf of a line is puts.
PRINTING = _words("printf puts putchar vprintf __printf_chk __vprintf_chk putchar_unlocked")
#: And one of these of another: fprintf of a text without a format is fwrite.
STREAM_PRINTING = _words(
    """
    fprintf fputs fputc putc fwrite vfprintf __fprintf_chk __vfprintf_chk fputs_unlocked
    fputc_unlocked putc_unlocked fwrite_unlocked
    """
)
WRITING = _words(
    """
    write pwrite writev pwritev dprintf vdprintf perror fflush fclose fopen fdopen freopen fseek
    ftell rewind setvbuf setbuf open openat creat close dup dup2 pipe send sendto sendmsg rename
    remove unlink truncate ftruncate fsync fputws wprintf fwprintf putwchar putwc syslog psignal
    """
)
#: Texts in memory: as harmless as what is done with them.
FORMATTING = _words(
    "sprintf snprintf vsprintf vsnprintf asprintf vasprintf sscanf vsscanf strftime"
)
READING = _words(
    """
    read pread readv recv recvfrom fread fgets fgetc getc getchar getline getdelim scanf fscanf
    vfscanf vscanf gets getchar_unlocked fgetc_unlocked getc_unlocked fread_unlocked fgets_unlocked
    feof ferror clearerr ungetc getenv secure_getenv setenv putenv unsetenv mmap munmap mprotect
    mremap madvise stat fstat lstat access getcwd chdir getopt getopt_long
    """
)
ALLOCATING = _words(
    """
    malloc calloc realloc free aligned_alloc posix_memalign memalign valloc pvalloc reallocarray
    cfree malloc_usable_size brk sbrk
    """
)
ENDING = _words(
    """
    exit _exit _Exit quick_exit abort atexit at_quick_exit on_exit assert __assert_fail
    __cxa_atexit __cxa_finalize raise kill signal sigaction longjmp siglongjmp _longjmp setjmp
    _setjmp sigsetjmp
    """
)
STARTING = _words(
    """
    main _start _init _fini __libc_start_main __libc_csu_init __libc_csu_fini dlopen dlsym dlclose
    dl_iterate_phdr system popen pclose fork vfork execve execv execvp execl execlp posix_spawn
    clone waitpid wait syscall ptrace prctl sysconf getauxval pthread_create pthread_join
    pthread_exit pthread_mutex_lock pthread_mutex_unlock pthread_once sched_setaffinity
    sched_getcpu sched_yield getpid getppid gettid getuid ioctl fcntl select poll socket connect
    rand srand random srandom rand_r drand48 srand48 lrand48 getrandom getentropy arc4random
    """
)
#: What they do depends on what they are given: the original's own calls may stay as they are.
GUARDED = _words(
    """
    system popen dlopen dlsym syscall ptrace prctl ioctl fcntl mmap mprotect mremap madvise execve
    execv execvp execl execlp posix_spawn clone kill raise longjmp siglongjmp _longjmp setcontext
    swapcontext makecontext sigaction setitimer timer_settime clock_settime brk sbrk shmat keyctl
    process_vm_readv process_vm_writev personality seccomp setrlimit sched_setaffinity
    """
)
#: Which argument of a function is a stream: memory made to look like one calls what it says.
STREAMS = {
    "fprintf": 0, "vfprintf": 0, "fputs": 1, "fputc": 1, "putc": 1, "fwrite": 3, "fread": 3,
    "fflush": 0, "fclose": 0, "fgets": 2, "fgetc": 0, "getc": 0, "fscanf": 0, "fseek": 0,
    "ftell": 0, "rewind": 0, "setvbuf": 0, "setbuf": 0, "ungetc": 1, "getline": 2, "getdelim": 3,
    "fileno": 0, "feof": 0, "ferror": 0, "freopen": 2,
}  # fmt: skip
#: Functions of streams with the name that each has without a lock, which is glibc's.
UNLOCKED = {
    f"{name}_unlocked": name
    for name in (
        *("getc", "getchar", "fgetc", "putc", "putchar", "fputc", "fread", "fwrite"),
        *("fgets", "fputs", "feof", "ferror"),
    )
}
STREAMS |= {name: STREAMS[locked] for name, locked in UNLOCKED.items() if locked in STREAMS}
STANDARD_STREAMS = frozenset({"stdin", "stdout", "stderr"})
#: Functions of the library that call what they are given, and where they are given it.
CALLBACKS = {
    "qsort": frozenset({3}),
    "qsort_r": frozenset({3}),
    "bsearch": frozenset({4}),
    "atexit": frozenset({0}),
    "at_quick_exit": frozenset({0}),
    "on_exit": frozenset({0}),
    "signal": frozenset({1}),
    "pthread_create": frozenset({2}),
    "pthread_once": frozenset({1}),
}
_TEXTS = _words(
    """
    strlen strnlen strcpy strncpy strcat strncat strcmp strncmp strcasecmp strncasecmp strchr
    strrchr strstr strpbrk strspn strcspn strtok strtok_r strdup strndup strcoll strxfrm strerror
    memchr memrchr rawmemchr memmem stpcpy stpncpy strchrnul wcslen wmemcpy wmemset
    """
)
_MEMORY = _words("memcpy memmove memset memcmp mempcpy bcmp bcopy bzero explicit_bzero")
#: Numbers and kinds of letters out of texts in memory.
NUMBERS = _words(
    """
    atoi atol atoll atof strtol strtoll strtoul strtoull strtod strtof strtold isalpha isdigit
    isalnum isspace isupper islower isprint ispunct isxdigit iscntrl toupper tolower __ctype_b_loc
    __ctype_tolower_loc __ctype_toupper_loc
    """
)
#: They may come as well: texts in memory, and where functions of numbers say what was wrong.
IN_MEMORY = FORMATTING | NUMBERS | {"__errno_location"}
_VALUES = NUMBERS | _words(
    "qsort qsort_r bsearch difftime abs labs llabs div ldiv lldiv ffs ffsl ffsll"
)
#: Whose names nobody gives to a variable, and without which times and outputs mean nothing.
CRITICAL = (
    PRINTING
    | STREAM_PRINTING
    | ALLOCATING
    | (CLOCKS - {"time", "clock", "times", "sleep"})
    | _words("exit _exit _Exit quick_exit abort atexit main _start _init _fini fopen fclose fflush")
    | _words("write read mmap getenv memcpy memmove memset memcmp syscall dlsym __libc_start_main")
)
LIBRARY = (
    CRITICAL
    | CLOCKS
    | WRITING
    | FORMATTING
    | READING
    | ENDING
    | STARTING
    | GUARDED
    | _TEXTS
    | _MEMORY
    | _VALUES
)
#: Not called any more, they leave no trace but in what is computed, which the checks compare.
WITHOUT_EFFECT = _TEXTS | _MEMORY | _VALUES | ALLOCATING | IN_MEMORY
#: How a program ends when something is wrong: the optimiser may see that nothing is.
FAILING = _words("exit _exit _Exit quick_exit abort __assert_fail raise perror __stack_chk_fail")
_INTERNAL = re.compile(
    r"(?:__libc_|__cxa_|__gxx_|_IO_|_ITM_|__real_|__wrap_|_GLOBAL_|_dl_|_Unwind_)"
)


def taken(name: str) -> bool:
    """A name at file scope that stands for something of the library, or of what starts programs."""
    return name in LIBRARY or _INTERNAL.match(name) is not None
