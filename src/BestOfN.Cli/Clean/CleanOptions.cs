using System.CommandLine;
using System.CommandLine.Parsing;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>The options of the cleaning commands. What the command line says goes before the file of options.</summary>
internal sealed class CleanOptions
{
    private readonly Option<FileInfo> _file = new("--options") { Description = "JSON file of options; see docs/cleaning.md." };
    private readonly Option<string> _format = new("--format")
    {
        Description = "What records look like; auto tells it from each of them.",
    };

    private readonly Option<string> _imageRoot = new("--image-root")
    {
        Description = "Where paths of images begin, from the input's folder on.",
    };

    private readonly Option<string> _sourceField = new("--source-field") { Description = "The field that names a record's source." };
    private readonly Option<bool> _nearDuplicates = new("--near-duplicates")
    {
        Description = "Drop records that nearly repeat an earlier one, too.",
    };

    private readonly Option<string> _rule = new("--rule") { Description = "What a low reward is." };
    private readonly Option<double> _z = new("--z") { Description = "Rule robust_z: records below -Z are dropped." };
    private readonly Option<double> _percentile = new("--percentile") { Description = "Rule percentile: the share that is dropped." };
    private readonly Option<double> _absolute = new("--absolute")
    {
        Description = "Rule absolute: records below this score are dropped.",
    };

    private readonly Option<double> _maxDrop = new("--max-drop")
    {
        Description = "Largest share of a source that is dropped for its reward.",
    };

    private readonly Option<string> _turns = new("--turns")
    {
        Description = "What is done about a low answer that is not the first.",
    };

    private readonly Option<int> _grounding = new("--grounding")
    {
        Description = "Score the first answer with so many images of other records, too: does it profit from its own?",
    };

    private readonly Option<double> _plant = new("--plant")
    {
        Description = "Share of the records that are scored with noise, too: how much of it does the rule find?",
    };

    private readonly Option<ulong> _seed = new("--seed") { Description = "Decides what noise is planted where." };

    public CleanOptions()
    {
        _file.AcceptExistingOnly();
        _format.AcceptOnlyFromAmong("auto", "llava", "sharegpt", "ixc", "openai");
        _rule.AcceptOnlyFromAmong("robust_z", "percentile", "absolute");
        _turns.AcceptOnlyFromAmong("drop_record", "truncate");
        Input.AcceptExistingOnly();
    }

    public Option<FileInfo[]> Input { get; } = new("--input", "-i")
    {
        Description = "Files of records: JSON arrays, JSON lines, Parquet, tar; or files that list such: InternVL's meta JSON, or a .txt.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>How records are read and checked.</summary>
    public IEnumerable<Option> Reading => [Input, _file, _format, _imageRoot, _sourceField, _nearDuplicates];

    /// <summary>Further passes of the reward model.</summary>
    public IEnumerable<Option> Scoring => [_grounding, _plant, _seed];

    /// <summary>The rule by which records are dropped.</summary>
    public IEnumerable<Option> Deciding => [_rule, _z, _percentile, _absolute, _maxDrop, _turns];

    /// <summary>Opens the input.</summary>
    /// <exception cref="InvalidDataException">An option or a list of files is wrong. The message names it.</exception>
    public Corpus Open(ParseResult parsed, int? limit = null)
    {
        var options = parsed.GetValue(_file) is { } file ? CleaningOptions.Load(file.FullName) : new CleaningOptions();
        options = options with
        {
            Format = Given(parsed, _format, options.Format),
            ImageRoot = Given(parsed, _imageRoot, options.ImageRoot),
            SourceField = Given(parsed, _sourceField, options.SourceField),
            NearDuplicates = Given(parsed, _nearDuplicates, options.NearDuplicates),
            Rule = Given(parsed, _rule, options.Rule),
            Z = Given(parsed, _z, options.Z),
            Percentile = Given(parsed, _percentile, options.Percentile),
            Absolute = Given(parsed, _absolute, options.Absolute),
            MaxDrop = Given(parsed, _maxDrop, options.MaxDrop),
            Turns = Given(parsed, _turns, options.Turns),
            Grounding = Given(parsed, _grounding, options.Grounding),
            Plant = Given(parsed, _plant, options.Plant),
            Seed = Given(parsed, _seed, options.Seed),
        };
        if (options.Mistake() is { } mistake)
        {
            throw new InvalidDataException(mistake);
        }

        return Corpus.Open([.. parsed.GetRequiredValue(Input).Select(input => input.FullName)], options).First(limit);
    }

    // An option that the command does not have, or that is not given, leaves what there is.
    private static T Given<T>(ParseResult parsed, Option<T> option, T otherwise) =>
        parsed.GetResult(option) is { Implicit: false } ? parsed.GetRequiredValue(option) : otherwise;
}
