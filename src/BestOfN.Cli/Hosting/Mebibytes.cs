namespace BestOfN.Cli.Hosting;

/// <summary>Bytes counted in MiB.</summary>
internal sealed class Mebibytes(IProgress<int> progress) : IProgress<long>
{
    public const int Size = 1 << 20;

    public void Report(long value) => progress.Report((int)(value / Size));
}
