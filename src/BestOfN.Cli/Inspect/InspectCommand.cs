using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using BestOfN.Cli.Hosting;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Generation;
using BestOfN.Inputs.Files;

namespace BestOfN.Cli.Inspect;

internal static class InspectCommand
{
    private const int ShownProblems = 20;
    private const int LongestValue = 2000;

    public static Command Create(CommandTerminal terminal)
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Folder of a model." };
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var kernels = new Option<bool>("--kernels")
        {
            Description = "Also load the model, and tell which kernels compute it on this machine and whether results are repeatable.",
        };
        var command =
            new Command("inspect",
                "Tell what a model folder is and whether it loads; without --kernels no weight is "
                    + "loaded. Exits with 1 where it does not load.") { folder, json, kernels };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            // An interruption ends the waiting at once, whatever is being read.
            var path = parsed.GetRequiredValue(folder).FullName;
            var asks = parsed.GetValue(kernels);
            var inspection = await Task.Run(
                () => ModelInspector.Inspect(path) is var found && asks && found.Problems.Count == 0
                    ? ModelInspector.LoadAndAsk(found, new GenerationOptions().MaxSequences) : found,
                cancellationToken).WaitAsync(cancellationToken);
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonSerializer.Serialize(inspection, InspectJsonContext.Default.ModelInspection));
            }
            else
            {
                foreach (var (name, value) in Lines(inspection))
                {
                    output.WriteLine($"{name,-13} {Printable.Text(value, LongestValue)}");
                }
            }

            return inspection.Problems.Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    private static IEnumerable<(string Name, string Value)> Lines(ModelInspection i)
    {
        yield return ("folder", i.Folder);
        yield return ("architecture", i.Architecture ?? "unknown");
        yield return ("kind", i.Kind ?? "unknown");
        if (i.Decoder is { } d)
        {
            yield return ("decoder",
                $"{d.Layers} layers, hidden {d.HiddenSize}, feed-forward {d.IntermediateSize}, "
                + $"{d.Heads} heads on {d.KeyValueHeads} of {d.HeadSize}, "
                + $"vocabulary {d.VocabularySize}, {d.MaxPositions} positions");
        }

        yield return ("vision", i.Vision is { } v
            ? $"{v.Layers} layers, hidden {v.HiddenSize}, {v.Heads} heads, tiles "
                + $"of {v.ImageSize} pixels, patches of {v.PatchSize}" : "none");
        if (i.Weights is { } w)
        {
            yield return ("weights", $"{w.Format}, {w.Files} {(w.Files == 1 ? "file" : "files")}, {Size(w.Bytes)}: "
                + string.Join(", ", w.Types.Select(t => $"{t.Value.ToString("N0", CultureInfo.InvariantCulture)} {t.Key}")));
        }

        if (i is { Parameters: { } parameters, Memory: { } m })
        {
            yield return ("parameters", parameters.ToString("N0", CultureInfo.InvariantCulture));
            yield return ("memory", $"weights {Size(m.WeightsBFloat16)} in bfloat16, {Size(m.WeightsFloat32)} in float32; "
                + $"keys and values of 1000 tokens {Size(m.KeysAndValuesBFloat16)}, {Size(m.KeysAndValuesFloat32)}");
        }

        yield return ("tokenizer", i.Tokenizer ?? "unknown");
        yield return ("chat template", i.ChatTemplate ?? "unknown");
        if (i.Computation is { } c)
        {
            yield return ("computed in", c.Type);
            yield return ("repeatable", c.Repeatability);
            foreach (var kernel in c.Kernels)
            {
                yield return ("kernels", kernel);
            }
        }

        foreach (var assumption in i.Assumptions)
        {
            yield return ("assumed", assumption);
        }

        foreach (var (name, count) in i.Ignored)
        {
            yield return ("ignored", count == 1 ? name : $"{name}, {count} of them");
        }

        foreach (var problem in i.Problems.Take(ShownProblems))
        {
            yield return ("problem", problem);
        }

        if (i.Problems.Count > ShownProblems)
        {
            yield return ("problem", $"and {i.Problems.Count - ShownProblems} more; --json shows all");
        }
    }

    private static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F2} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F1} kB"),
    };
}
