package pull

// The names that stand-ins are put together of.
var (
	givenNames = []string{
		"Ada", "Alva", "Anouk", "Asta", "Bela", "Birk", "Bram", "Carys", "Cato", "Cleo", "Cosmo", "Dara",
		"Delia", "Dov", "Edda", "Eero", "Elio", "Enid", "Esme", "Ewan", "Fenn", "Flora", "Gwen", "Hale",
		"Hedy", "Hugo", "Ida", "Ilse", "Imre", "Ines", "Isolde", "Ivo", "Jonah", "Juno", "Kaia", "Kester",
		"Lark", "Leif", "Lior", "Lotte", "Mabel", "Magnus", "Milo", "Mirren", "Nell", "Niko", "Odette", "Orla",
		"Otis", "Pia", "Quinn", "Rafe", "Runa", "Saskia", "Silas", "Sunniva", "Tamsin", "Tilda", "Una", "Vesper",
		"Wilma", "Yara", "Zelda", "Zora",
	}
	familyNames = []string{
		"Abbot", "Alder", "Archer", "Ashdown", "Barrow", "Birch", "Bishop", "Blackwood", "Bower", "Brook", "Carver", "Chandler",
		"Clay", "Cooper", "Croft", "Dale", "Draper", "Elder", "Falconer", "Farrow", "Fisher", "Fletcher", "Forge", "Garland",
		"Glover", "Granger", "Grove", "Harper", "Hawthorn", "Heath", "Hollis", "Holt", "Hooper", "Kettle", "Lake", "Linden",
		"Lockwood", "Marsh", "Mason", "Mercer", "Miller", "Moss", "Nightingale", "Oakes", "Orchard", "Page", "Park", "Penrose",
		"Piper", "Porter", "Quarry", "Reed", "Rowan", "Sawyer", "Shepherd", "Sparrow", "Stone", "Tanner", "Thorne", "Vale",
		"Walker", "Weaver", "Wells", "Wright",
	}
)
