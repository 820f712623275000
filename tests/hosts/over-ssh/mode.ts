/** Imported first: what is imported after it runs on a host that is reached through sshd on loopback. */
process.env['PANEWRIGHT_TEST_HOST'] = 'ssh';
