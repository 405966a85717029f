using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Inference.Folders;
using BestOfN.Inputs.Files;
using TorchSharp;

namespace BestOfN.Cli.Convert;

internal static class ConvertCommand
{
    public static Command Create(CommandTerminal terminal)
    {
        var model = new Option<DirectoryInfo>("--model", "-m")
        {
            Description = "Folder of a model: pytorch_model*.bin or safetensors.",
        };
        var output = new Option<DirectoryInfo>("--output", "-o")
        {
            Description = "Folder to make; it must not exist or be empty.",
        };
        var type = new Option<string>("--dtype") { Description = "What floating-point weights become.", DefaultValueFactory = _ => "keep" };
        Validate.Exists(model);
        Validate.IsNamed(output);
        type.AcceptOnlyFromAmong("keep", "bfloat16", "float16", "float32");
        var shard = new Option<double>("--shard-size") { Description = "Largest file, in GB.", DefaultValueFactory = _ => 5 };
        shard.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= 1_000_000))
            {
                result.AddError("--shard-size must be more than 0 and at most 1000000.");
            }
        });

        var folderToPack = new Argument<DirectoryInfo>("MODEL_DIR")
        {
            Description = "In place of --model: the folder of a model that becomes a GGUF file.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var file = new Argument<FileInfo>("OUT.gguf")
        {
            Description = "The GGUF file to make; it must not exist. A reward model's head is written beside it.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var numbers = new Option<string>("--type") { Description = "GGUF: what matrices become.", DefaultValueFactory = _ => "f16" };
        numbers.AcceptOnlyFromAmong([.. GgufConversion.Types]);
        var command = new Command("convert",
            "Write a model's weights as safetensors, with its configuration and tokenizer beside them, or as one GGUF file.")
        {
            folderToPack, file, model, output, type, shard, numbers,
        };
        command.Validators.Add(result =>
        {
            var packs = result.GetResult(folderToPack)?.Tokens.Count > 0;
            bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
            foreach (var option in (Option[])(packs ? [model, output, type, shard] : [numbers]))
            {
                if (IsGiven(option))
                {
                    result.AddError(packs ? $"{option.Name} is not for a GGUF file; expected bestofn convert MODEL_DIR OUT.gguf [--type …]."
                        : $"{option.Name} is for a GGUF file only: bestofn convert MODEL_DIR OUT.gguf [--type …].");
                }
            }

            if (packs)
            {
                var folder = result.GetResult(folderToPack)!.Tokens[0].Value;
                if (!Directory.Exists(folder))
                {
                    result.AddError($"MODEL_DIR: there is no folder '{folder}'.");
                }

                if (result.GetResult(file)?.Tokens is not [{ Value: var name }]
                    || !name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
                {
                    result.AddError("OUT.gguf: expected the name of a file that ends with .gguf behind MODEL_DIR.");
                }

                return;
            }

            foreach (var option in (Option[])[model, output])
            {
                if (!IsGiven(option))
                {
                    result.AddError($"Option '{option.Name}' is required.");
                }
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(folderToPack) is { } packed)
            {
                return await GgufCommand.RunAsync(
                    terminal, packed, parsed.GetRequiredValue(file), parsed.GetRequiredValue(numbers),
                    parsed.InvocationConfiguration.Output, cancellationToken);
            }

            var kept = parsed.GetRequiredValue(type);
            using var conversion = await Task.Run(
                () => CheckpointConversion.Open(
                    parsed.GetRequiredValue(model).FullName,
                    kept == "keep" ? null : Enum.Parse<torch.ScalarType>(kept, ignoreCase: true),
                    Math.Max(1, (long)(parsed.GetValue(shard) * 1e9))),
                cancellationToken).WaitAsync(cancellationToken);
            var folder = parsed.GetRequiredValue(output).FullName;
            await terminal.WithProgressAsync("converting, MiB", (int)Math.Max(1, conversion.Length / Mebibytes.Size), progress => Task.Run(
                () =>
                {
                    conversion.Write(folder, new Mebibytes(progress), cancellationToken);
                    return true;
                },
                cancellationToken));
            var others = Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!)
                .Where(f => !f.Contains(".safetensors", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
            parsed.InvocationConfiguration.Output.WriteLine(Printable.Text(
                $"{folder}: {Amounts.Count(conversion.Tensors, "tensor")}, {conversion.Length} bytes, "
                + $"in {Amounts.Count(conversion.Files, "safetensors file")}; floating-point weights "
                + $"{(kept == "keep" ? "keep their type" : $"are {kept}")}; copied "
                + (others.Length > 0 ? string.Join(", ", others) : "nothing else")
                + (conversion.Vanished > 0 ? $"; {Amounts.Count(conversion.Vanished, "number")} too small for {kept} became 0" : ""),
                CommandTerminal.LongestLine));
            return ExitCodes.Success;
        });
        return command;
    }
}
