/* A daemon whose first thread has ended: to who looks no closer it is a process that has ended. Its argument is the ledger. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *stay(void *ledger) {
    char line[40];
    int length = snprintf(line, sizeof line, "%d leaderless\n", (int)getpid());
    int file = open(ledger, O_RDWR);
    /* As a last resort it ends by itself. */
    alarm(120);
    if (file >= 0 && write(file, line, length) == length)
        for (;;) pause();
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t thread;
    if (count != 2 || fork() != 0) return 0;
    setsid();
    if (fork() != 0) return 0;
    if (pthread_create(&thread, NULL, stay, arguments[1]) != 0) return 1;
    pthread_exit(NULL);
}
