/*
 * Runs a CGI program and notes what it cost: fcgiwrap lets its children end unnoticed, and their
 * CPU would then be in nobody's account.
 *
 * Environment: BENCH_CGI, the program; BENCH_CGI_CPU, a file that gets a line for each request,
 * the microseconds of CPU, user and system, of the program and all that it waited for.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static long long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

int main(void)
{
	char *program = getenv("BENCH_CGI"), *file = getenv("BENCH_CGI_CPU");
	char *arguments[] = { program, NULL }, line[32];
	struct rusage used;
	int status, log, length;
	pid_t child;

	if (!program || !file)
		return 2;
	/* fcgiwrap ignores the signal, and that would be inherited. */
	signal(SIGCHLD, SIG_DFL);
	if (posix_spawn(&child, program, NULL, NULL, arguments, environ) ||
	    wait4(child, &status, 0, &used) != child)
		return 3;
	length = snprintf(line, sizeof line, "%lld\n",
			  microseconds(used.ru_utime) + microseconds(used.ru_stime));
	/* One write, so that lines of requests at the same time do not mix. */
	log = open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (log < 0 || write(log, line, length) != length)
		return 4;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
