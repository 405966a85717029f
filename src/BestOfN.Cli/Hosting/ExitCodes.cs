namespace BestOfN.Cli.Hosting;

/// <summary>What the process says about itself to a shell.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The work failed; one line on standard error says why.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The work was done but for some rows; the output and standard error say which.</summary>
    public const int RowsFailed = 3;

    /// <summary>Ended by Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
