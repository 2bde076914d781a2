//! The words of `random_pet`.

/// First words of names of three words and more.
pub(super) const ADVERBS: &[&str] = &[
    "ably", "aptly", "avidly", "badly", "barely", "boldly", "bravely", "briefly", "briskly", "brightly", "calmly", "clearly", "closely", "commonly", "coolly",
    "correctly", "daily", "dearly", "deeply", "deftly", "densely", "directly", "duly", "eagerly", "early", "easily", "entirely", "equally", "evenly", "exactly",
    "fairly", "firmly", "fondly", "formally", "frankly", "freely", "freshly", "friendly", "fully", "gently", "gladly", "globally", "gradually", "greatly", "happily",
    "hardly", "highly", "honestly", "humbly", "ideally", "jointly", "jolly", "justly", "keenly", "kindly", "largely", "lately", "legally", "lightly", "likely",
    "lively", "locally", "loudly", "mainly", "merrily", "mildly", "mostly", "mutually", "namely", "nearly", "neatly", "nicely", "nobly", "oddly", "only", "openly",
    "partly", "politely", "plainly", "primarily", "promptly", "properly", "purely", "quickly", "quietly", "rapidly", "rarely", "readily", "really", "richly", "rightly",
    "roughly", "sadly", "safely", "sharply", "shortly", "silently", "simply", "slightly", "slowly", "smoothly", "softly", "solely", "steadily", "strictly", "strongly",
    "suddenly", "surely", "swiftly", "truly", "usually", "vastly", "vividly", "warmly", "weekly", "wholly", "widely", "wildly", "wisely", "yearly",
];

/// The word before the animal.
pub(super) const ADJECTIVES: &[&str] = &[
    "able", "active", "agile", "amber", "ample", "apt", "arctic", "autumn", "awake", "azure", "balanced", "basic", "beloved", "big", "blue", "bold", "brave", "brief",
    "bright", "brisk", "broad", "bronze", "busy", "calm", "careful", "casual", "cheerful", "civil", "clean", "clear", "clever", "close", "coastal", "cool", "coral", "cosmic",
    "crisp", "curious", "daring", "dear", "deep", "direct", "divine", "driven", "eager", "early", "eastern", "easy", "electric", "elegant", "eternal", "even", "exact",
    "excited", "fair", "faithful", "famous", "fast", "fine", "firm", "fleet", "fluent", "fond", "frank", "free", "fresh", "frosty", "full", "funny", "generous", "gentle",
    "giving", "glad", "golden", "good", "grand", "great", "green", "growing", "handy", "happy", "hardy", "helpful", "honest", "humble", "ideal", "immense", "jolly", "keen",
    "kind", "large", "lasting", "light", "live", "loyal", "lucky", "lunar", "magical", "major", "mature", "mellow", "merry", "mighty", "mild", "modern", "modest", "national",
    "native", "neat", "nimble", "noble", "normal", "northern", "oaken", "open", "optimal", "patient", "peaceful", "pleasant", "polished", "polite", "precise", "prime",
    "proper", "proud", "pure", "quick", "quiet", "rapid", "rare", "ready", "regular", "relaxed", "rich", "robust", "royal", "rural", "sacred", "safe", "sharp", "shining",
    "silent", "silver", "simple", "sincere", "smart", "smooth", "social", "solar", "solid", "sound", "southern", "sparkling", "special", "stable", "steady", "stellar",
    "still", "strong", "subtle", "sunny", "super", "supreme", "sure", "sweet", "swift", "tender", "thankful", "tidy", "tight", "top", "trusted", "trusty", "upright",
    "valid", "valued", "vast", "verified", "vital", "vivid", "warm", "western", "whole", "willing", "winning", "wise", "witty", "wooden", "worthy", "young",
];

/// The last word.
pub(super) const ANIMALS: &[&str] = &[
    "aardvark", "adder", "akita", "albacore", "alpaca", "anchovy", "ant", "anteater", "antelope", "ape", "asp", "baboon", "badger", "barnacle", "bass", "basilisk", "bat", "beagle",
    "bear", "beetle", "bengal", "bird", "bison", "bluebird", "boa", "boar", "bobcat", "buck", "buffalo", "bullfrog", "bunny", "buzzard", "calf", "camel", "cardinal", "caribou",
    "cat", "catfish", "cattle", "chamois", "cheetah", "chicken", "chimp", "cicada", "civet", "clam", "cobra", "cod", "collie", "condor", "corgi", "cougar", "cow", "coyote", "crab",
    "crane", "crayfish", "cricket", "crow", "cub", "dane", "deer", "dingo", "dodo", "dog", "dolphin", "donkey", "dove", "dragon", "drake", "drum", "duck", "eagle", "eel", "egret",
    "elephant", "elk", "emu", "ermine", "escargot", "ewe", "falcon", "fawn", "feline", "ferret", "filly", "finch", "firefly", "fish", "flamingo", "flounder", "foal", "fowl", "fox",
    "frog", "gannet", "gar", "gator", "gazelle", "gecko", "gelding", "ghost", "gibbon", "giraffe", "glider", "gnat", "gnu", "goat", "goblin", "goose", "gopher", "goshawk", "grackle",
    "grouper", "grouse", "grubworm", "guinea", "gull", "guppy", "haddock", "hagfish", "halibut", "hamster", "hare", "hawk", "hedgehog", "hen", "heron", "herring", "hippo", "hog",
    "honeybee", "hornet", "horse", "hound", "humpback", "husky", "hyena", "ibex", "iguana", "imp", "impala", "insect", "jackal", "jackass", "jaguar", "javelin", "jay", "jaybird",
    "jennet", "kangaroo", "katydid", "kid", "killdeer", "kingfish", "kit", "kite", "kitten", "kiwi", "koala", "kodiak", "koi", "krill", "lab", "labrador", "lacewing", "ladybird",
    "lamb", "lamprey", "lark", "leech", "lemming", "lemur", "leopard", "liger", "lion", "lioness", "lizard", "llama", "lobster", "locust", "longhorn", "loon", "lynx", "macaque",
    "macaw", "mackerel", "maggot", "magpie", "mako", "malamute", "mallard", "mammoth", "manatee", "mantis", "marlin", "marmoset", "marmot", "marten", "martin", "mastiff", "mastodon",
    "mayfly", "meerkat", "minnow", "mite", "mole", "mollusk", "mongoose", "monitor", "monkey", "moose", "moray", "mosquito", "moth", "mouse", "mudfish", "mule", "muskox", "muskrat",
    "mustang", "mutt", "narwhal", "newt", "ocelot", "octopus", "opossum", "orca", "oriole", "osprey", "ostrich", "otter", "owl", "ox", "oyster", "panda", "pangolin", "panther",
    "parakeet", "parrot", "peacock", "pegasus", "pelican", "penguin", "perch", "pheasant", "phoenix", "pig", "pigeon", "piglet", "pika", "pipefish", "piranha", "platypus", "polecat",
    "polliwog", "pony", "porpoise", "possum", "prawn", "primate", "puma", "pup", "python", "quagga", "quail", "rabbit", "raccoon", "ram", "raptor", "rat", "raven", "ray", "redbird",
    "reindeer", "rhino", "robin", "rodent", "rooster", "roughy", "sailfish", "salmon", "sawfly", "sculpin", "seagull", "seahorse", "seal", "seasnail", "serval", "shad", "shark",
    "sheep", "shepherd", "shiner", "shrew", "shrimp", "skink", "skunk", "skylark", "sloth", "slug", "snail", "snake", "snapper", "snipe", "sole", "sparrow", "spider", "sponge",
    "squid", "squirrel", "stag", "stallion", "starfish", "starling", "stingray", "stork", "stud", "sturgeon", "sunbeam", "sunbird", "sunfish", "swan", "swift", "swine", "tadpole",
    "tahr", "tapir", "tarpon", "teal", "termite", "terrapin", "terrier", "tetra", "thrush", "tick", "tiger", "titmouse", "toad", "tomcat", "tortoise", "toucan", "treefrog", "troll",
    "trout", "tuna", "turkey", "turtle", "unicorn", "urchin", "vervet", "viper", "vulture", "wahoo", "wallaby", "walleye", "walrus", "warthog", "wasp", "weasel", "weevil", "werewolf",
    "whale", "whippet", "wildcat", "wolf", "wombat", "woodcock", "worm", "wren", "yak", "yeti", "zebra",
];
