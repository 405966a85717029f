using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Inference.Folders;
using BestOfN.Inputs.Files;

namespace BestOfN.Cli.Convert;

/// <summary>The way of <c>bestofn convert</c> that writes one GGUF file.</summary>
internal static class GgufCommand
{
    /// <returns>An exit code.</returns>
    public static async Task<int> RunAsync(
        CommandTerminal terminal, DirectoryInfo model, FileInfo file, string type, TextWriter output, CancellationToken cancellationToken)
    {
        using var conversion = await Task.Run(() => GgufConversion.Open(model.FullName, type), cancellationToken)
            .WaitAsync(cancellationToken);
        var head = Path.ChangeExtension(file.FullName, ".head.safetensors");
        await terminal.WithProgressAsync("converting, MiB", (int)Math.Max(1, conversion.Length / Mebibytes.Size), progress => Task.Run(
            () =>
            {
                conversion.Write(file.FullName, head, new Mebibytes(progress), cancellationToken);
                return true;
            },
            cancellationToken));
        output.WriteLine(Printable.Text(
            $"{file.FullName}: {Amounts.Count(conversion.Tensors, "tensor")}, {conversion.Length} bytes, {type}"
            + (conversion.HasHead ? $"; the reward head is in {head}" : "")
            + string.Concat(conversion.Notes.Select(note => $"; {note}")),
            CommandTerminal.LongestLine));
        return ExitCodes.Success;
    }
}
